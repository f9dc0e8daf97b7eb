import type { Database } from './database-idb.ts';
import { decodeToken } from './token.ts';
import type { VisitorTokens } from './visitor.ts';

/**
 * A tab that is frozen while it asks for a token holds the lock; the others then wait no longer than this.
 */
const lockWithinMs = 15_000;

/** A visitor's token in a browser's IndexedDB. */
export class IdbVisitorTokens implements VisitorTokens {
  readonly #options: {
    readonly database: Database;
    readonly scope: string;
    readonly locks: LockManager;
  };
  /** The site may delete its databases under the page; the person who looks at it stays the same. */
  #held: string | undefined;

  constructor(options: { readonly database: Database; readonly scope: string; readonly locks: LockManager }) {
    this.#options = options;
  }

  async kept(): Promise<string | undefined> {
    return (await this.#read()) ?? this.#held;
  }

  /** Under a lock: two tabs that open together must become one visitor. */
  replace(next: (kept: string | undefined) => Promise<string>): Promise<string> {
    const { database, scope, locks } = this.#options;
    const signal = AbortSignal.timeout(lockWithinMs);
    return locks.request(`rapport-visitor:${scope}`, { signal }, async () => {
      const onDisk = await this.#read();
      const token = await next(onDisk ?? this.#held);
      this.#held = token;
      if (token !== onDisk) await database.put('tokens', scope, token);
      return token;
    });
  }

  async #read(): Promise<string | undefined> {
    return decodeToken(await this.#options.database.get('tokens', this.#options.scope));
  }
}
