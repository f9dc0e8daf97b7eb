import type { NatsConnection } from '@nats-io/transport-node';

/**
 * Whether a connection is up, and when it comes back: what was under way before is then lost or must be asked
 * again.
 */
export class Link {
  #up = true;
  #closed = false;
  readonly #onReturn = new Set<() => void>();

  constructor(nc: NatsConnection) {
    void this.#watch(nc); // Ends with the connection.
  }

  get up(): boolean {
    return this.#up;
  }

  /** Whether the connection was closed for good. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Calls `act` each time the connection comes back, until the returned function is called. */
  onReturn(act: () => void): () => void {
    this.#onReturn.add(act);
    return () => this.#onReturn.delete(act);
  }

  /**
   * Settles as `request` does, or rejects when the connection comes back before: then no answer will come.
   */
  async unlessLost<T>(request: Promise<T>): Promise<T> {
    const lost = Promise.withResolvers<never>();
    const end = this.onReturn(() => lost.reject(new Error('the link to NATS was lost meanwhile')));
    try {
      return await Promise.race([request, lost.promise]);
    } finally {
      end();
    }
  }

  async #watch(nc: NatsConnection): Promise<void> {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') this.#up = false;
      if (status.type !== 'reconnect') continue;
      this.#up = true;
      for (const act of this.#onReturn) act();
    }
    this.#closed = true;
  }
}
