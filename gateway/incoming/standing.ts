import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { CloseCode } from '@rapport/proto/codes.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { type Member, memberOf, type Session } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';
import { refusalOf } from '../tokens/origin.ts';

/** Every session is looked at once in so many sweeps: with a sweep each 50 ms, within 0.8 s. */
const sweepsPerRound = 16;

export interface StandingOptions {
  readonly sessions: ReadonlySet<Session>;
  readonly catalog: Pick<Catalog, 'creator'>;
  readonly writer: Writer;
  readonly clock: Clock;
}

/**
 * Ends sessions that would not be let in any more: the token has expired, the creator was removed, or the
 * site was taken off the creator's list. Each sweep looks at some of them, so that no session needs a timer.
 */
export class Standing {
  readonly #options: StandingOptions;
  #round: Iterator<Session>;
  /** Sessions there were when the round began: those that it ends must not make it slower. */
  #roundSize = 0;

  constructor(options: StandingOptions) {
    this.#options = options;
    this.#round = options.sessions.values();
  }

  tick(): void {
    const { sessions, clock, writer } = this.#options;
    const wallMs = clock.wallMs();
    this.#roundSize = Math.max(this.#roundSize, sessions.size);
    for (let left = Math.ceil(this.#roundSize / sweepsPerRound); left > 0; left -= 1) {
      const { value: session, done } = this.#round.next();
      if (done === true) {
        this.#round = sessions.values();
        this.#roundSize = sessions.size;
        return;
      }
      const refusal = this.#refusalOf(session, wallMs);
      if (refusal !== undefined) writer.goodbye(session, refusal);
    }
  }

  #refusalOf(session: Session, wallMs: number): CloseCode | undefined {
    const member = memberOf(session);
    if (member === undefined) return undefined;
    return wallMs >= member.expiresAtMs ? 'token_expired' : this.#changedFor(session, member);
  }

  /**
   * The catalog keeps one object for a creator until it changes, so nearly always this compares two names.
   */
  #changedFor({ peer }: Session, member: Member): CloseCode | undefined {
    const entry = this.#options.catalog.creator(member.room.creatorId);
    if (entry === member.creator) return undefined;
    member.creator = entry;
    return refusalOf(entry?.creator, member.role, peer);
  }
}
