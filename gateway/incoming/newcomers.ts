import type { Limits } from '@rapport/proto/limits.ts';
import type { Session } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';

/**
 * Sockets whose hello was not accepted yet: nobody answers for them, so they are neither many nor here for
 * long. One more than allowed closes the oldest, because a client that means well says hello at once.
 */
export class Newcomers {
  readonly #limits: Limits;
  readonly #writer: Writer;
  /** The oldest first, as in each set by address. */
  readonly #all = new Set<Session>();
  readonly #byAddress = new Map<string, Set<Session>>();

  constructor({ limits, writer }: { readonly limits: Limits; readonly writer: Writer }) {
    this.#limits = limits;
    this.#writer = writer;
  }

  add(session: Session): void {
    const { address } = session.peer;
    const neighbours = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, neighbours.add(session));
    this.#all.add(session);
    if (neighbours.size > this.#limits.socketsWithoutHelloPerAddressMax) this.#closeOldest(neighbours);
    if (this.#all.size > this.#limits.socketsWithoutHelloMax) this.#closeOldest(this.#all);
  }

  /** The session was let in, or is over. */
  delete(session: Session): void {
    if (!this.#all.delete(session)) return;
    const { address } = session.peer;
    const neighbours = this.#byAddress.get(address);
    neighbours?.delete(session);
    if (neighbours?.size === 0) this.#byAddress.delete(address);
  }

  /** Closes sockets that said nothing for too long. Where a token is being checked the gateway is at work. */
  tick(nowMs: number): void {
    for (const session of this.#all) {
      const { state } = session;
      if (state.at !== 'new') continue;
      if (nowMs - state.sinceMs < this.#limits.helloWithinMs) return;
      this.#writer.goodbye(session, 'hello_timeout');
    }
  }

  #closeOldest(sessions: ReadonlySet<Session>): void {
    const [oldest] = sessions;
    if (oldest !== undefined) this.#writer.goodbye(oldest, 'hello_timeout');
  }
}
