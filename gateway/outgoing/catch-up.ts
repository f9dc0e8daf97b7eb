import type { StoredMessage } from '@rapport/history/history.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { backoffMs } from '@rapport/runtime/retry.ts';
import type { Meters } from '../meters.ts';
import type { Member, Session, SessionState } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';
import { fit, type HistoryReader } from './history-reader.ts';

/** A store that is away is asked again, more and more seldom. */
const backoff = { firstMs: 100, mostMs: 5_000 };
/** Failed reads after which the client is told; reading goes on. */
const readsTriedQuietly = 3;

type CatchingUp = Extract<SessionState, { at: 'catching_up' }>;

/**
 * Brings a session from the last seq it has to the newest that was seen, out of the store, at the pace at
 * which its socket takes it. What is said meanwhile is in the store before it is announced, so nothing is
 * kept here.
 */
export class CatchUp {
  readonly #limits: Limits;
  readonly #reader: HistoryReader;
  readonly #writer: Writer;
  readonly #clock: Clock;
  readonly #meters: Meters;
  readonly #log: Log;

  constructor(options: {
    readonly limits: Limits;
    readonly reader: HistoryReader;
    readonly writer: Writer;
    readonly clock: Clock;
    readonly meters: Meters;
    readonly log: Log;
  }) {
    this.#limits = options.limits;
    this.#reader = options.reader;
    this.#writer = options.writer;
    this.#clock = options.clock;
    this.#meters = options.meters;
    this.#log = options.log;
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
    this.#meters.catchUps.inc();
    void this.#run(session, state); // It answers for its own failures.
  }

  async #run(session: Session, state: CatchingUp): Promise<void> {
    let failures = 0;
    while (state.sentSeq < state.newestSeq) {
      await this.#writer.room(session);
      if (session.state !== state) return;
      const messages = await this.#read(state);
      if (session.state !== state) return;
      if (messages.length > 0) {
        failures = 0;
        await this.#send(session, state, messages);
      } else {
        failures += 1;
        if (failures === readsTriedQuietly) this.#writer.fault(session, 'history_unavailable');
        await this.#clock.sleep(backoffMs(backoff, failures, Math.random()));
      }
      if (session.state !== state) return;
    }
    this.#goLive(session, state.member, state.sentSeq);
  }

  async #read({ member, sentSeq }: CatchingUp): Promise<readonly StoredMessage[]> {
    try {
      return await this.#reader.after(member.room, sentSeq, this.#limits.pageMessagesMax);
    } catch (failure) {
      this.#log.warn({ conversation: member.room.name, reason: reasonOf(failure) }, 'cannot read history');
      return [];
    }
  }

  async #send(session: Session, state: CatchingUp, messages: readonly StoredMessage[]): Promise<void> {
    let rest = messages;
    while (rest.length > 0) {
      await this.#writer.room(session);
      if (session.state !== state) return;
      const part = fit(rest);
      rest = rest.slice(part.length);
      state.sentSeq = part.at(-1)?.seq ?? state.sentSeq;
      this.#writer.send(session, { history: { messages: [...part], more: state.sentSeq < state.newestSeq } });
    }
  }

  #goLive(session: Session, member: Member, sentSeq: number): void {
    session.state = { at: 'live', member, sentSeq };
    this.#writer.catchUpTurn(session);
  }
}
