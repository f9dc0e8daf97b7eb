import type { NatsConnection } from '@nats-io/transport-node';

/**
 * Tells whether a connection is up, and when it returns: it came back, or it goes on without a server that
 * left the cluster. A request that was under way before is then lost or must be made again.
 */
export class Link {
  #up = true;
  readonly #closed = new AbortController();
  readonly #onReturn = new Set<() => void>();

  constructor(nc: NatsConnection) {
    void this.#watch(nc); // Ends with the connection.
  }

  get up(): boolean {
    return this.#up;
  }

  /** Aborts when the connection was closed for good. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Calls `act` each time the connection returns, until the returned function is called. */
  onReturn(act: () => void): () => void {
    this.#onReturn.add(act);
    return () => this.#onReturn.delete(act);
  }

  /**
   * Settles as `request` does. Rejects when the connection returns before: then the answer may never come.
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
      if (status.type === 'reconnect') this.#up = true;
      // The list of servers changed. The update does not tell which server left, so every one counts.
      else if (status.type !== 'update') continue;
      for (const act of this.#onReturn) act();
    }
    this.#closed.abort();
  }
}
