import type { StoredMessage } from '@rapport/history/history.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { backoffMs } from '@rapport/runtime/retry.ts';
import type { Intake } from '../limits/intake.ts';
import type { Meters } from '../meters.ts';
import type { Member, Session, SessionState } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';
import { fit, type HistoryReader } from './history-reader.ts';

/** A store that is away is asked again, more and more seldom. */
const backoff = { firstMs: 100, mostMs: 5_000 };
/** Failed reads after which the client is told; reading goes on. */
const readsTriedQuietly = 3;

type CatchingUp = Extract<SessionState, { at: 'catching_up' }>;

export interface CatchUpOptions {
  readonly limits: Limits;
  readonly intake: Intake;
  readonly reader: HistoryReader;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly random: () => number;
  readonly meters: Meters;
  readonly log: Log;
}

/**
 * Brings a session from the last seq it has to the newest that was seen, out of the store, at the pace at
 * which its socket takes it. What is said meanwhile is in the store before it is announced, so nothing is
 * kept here.
 */
export class CatchUp {
  readonly #options: CatchUpOptions;

  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  /** Makes the session live once it has everything up to `newestSeq`: at once when it has. */
  start(
    session: Session,
    member: Member,
    reach: { readonly sentSeq: number; readonly newestSeq: number },
  ): void {
    if (reach.sentSeq >= reach.newestSeq) {
      this.#goLive(session, member, reach.sentSeq);
      return;
    }
    const state: CatchingUp = { at: 'catching_up', member, ...reach };
    session.state = state;
    this.#options.meters.catchUps.inc();
    void this.#run(session, state); // It answers for its own failures.
  }

  async #run(session: Session, state: CatchingUp): Promise<void> {
    const { writer, clock, random } = this.#options;
    let failures = 0;
    while (state.sentSeq < state.newestSeq) {
      await this.#mayRead(session, state);
      if (session.state !== state) return;
      const messages = await this.#read(session, state);
      if (session.state !== state) return;
      if (messages.length > 0) {
        failures = 0;
        await this.#send(session, state, messages);
      } else {
        failures += 1;
        if (failures === readsTriedQuietly) writer.fault(session, 'history_unavailable');
        await clock.sleep(backoffMs(backoff, failures, random()));
      }
      if (session.state !== state) return;
    }
    this.#goLive(session, state.member, state.sentSeq);
  }

  /** Waits until the socket has room, and until its person may read another page. */
  async #mayRead(session: Session, state: CatchingUp): Promise<void> {
    const { writer, intake, clock } = this.#options;
    await writer.room(session);
    for (;;) {
      const waitMs = session.state === state ? intake.page(state.member.room) : 0;
      if (waitMs === 0) return;
      await clock.sleep(waitMs);
    }
  }

  async #read(session: Session, state: CatchingUp): Promise<readonly StoredMessage[]> {
    const { reader, limits, log } = this.#options;
    const { member, sentSeq } = state;
    const range = { afterSeq: sentSeq, limit: limits.pageMessagesMax };
    try {
      return await reader.after(member.room, range, () => session.state === state);
    } catch (failure) {
      log.warn({ conversation: member.room.name, reason: reasonOf(failure) }, 'cannot read history');
      return [];
    }
  }

  async #send(session: Session, state: CatchingUp, messages: readonly StoredMessage[]): Promise<void> {
    let rest = messages;
    while (rest.length > 0) {
      await this.#options.writer.room(session);
      if (session.state !== state) return;
      const part = fit(rest);
      rest = rest.slice(part.length);
      state.sentSeq = part.at(-1)?.seq ?? state.sentSeq;
      this.#options.writer.send(session, {
        history: { messages: [...part], more: state.sentSeq < state.newestSeq },
      });
    }
  }

  #goLive(session: Session, member: Member, sentSeq: number): void {
    session.state = { at: 'live', member, sentSeq };
    this.#options.writer.catchUpTurn(session);
  }
}
