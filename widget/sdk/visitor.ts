import type { Retry } from '@rapport/proto/codes.ts';
import { retryOf } from './code.ts';
import { endpoint } from './endpoint.ts';
import type { Surroundings } from './surroundings.ts';
import { claimsOf, isDue } from './token.ts';

/** Where a visitor's token is kept between visits. Twins: IndexedDB, a file, memory. */
export interface VisitorTokens {
  /** Undefined when there is none, or what is kept is no token. */
  kept(): Promise<string | undefined>;
  /**
   * Keeps what `next` makes of the kept token, and returns it. No other tab changes the token meanwhile: two
   * tabs that open together must become one visitor.
   */
  replace(next: (kept: string | undefined) => Promise<string>): Promise<string>;
}

/** A request that was answered with a code, or not at all (`unavailable`). */
export class Refusal extends Error {
  readonly code: string;
  readonly retry: Retry;
  readonly retryAfterMs: number;

  constructor(code: string, reason: string, retryAfterMs = 0) {
    super(reason);
    this.name = 'Refusal';
    this.code = code;
    this.retry = retryOf(code);
    this.retryAfterMs = retryAfterMs;
  }
}

export interface VisitorOptions {
  readonly surroundings: Pick<Surroundings, 'fetch' | 'nowMs'>;
  /** The gateway's address. */
  readonly url: string;
  readonly creatorId: string;
  readonly tokens: VisitorTokens;
}

/** A person without an account: gets a token once, and renews it for as long as the person comes. */
export class Visitor {
  readonly #options: VisitorOptions;
  /** How far the server's clock is ahead of this device's, which may be wrong by years. */
  #serverAheadMs = 0;

  constructor(options: VisitorOptions) {
    this.#options = options;
  }

  serverTime(serverTimeMs: number): void {
    this.#serverAheadMs = serverTimeMs - this.#options.surroundings.nowMs();
  }

  /** The token to say hello with; not the `refused` one. Throws Refusal. */
  token(refused?: string): Promise<string> {
    return this.#options.tokens.replace((kept) => {
      if (kept === undefined) return this.#ask();
      if (kept === refused) return this.#renewRefused(kept);
      const nowMs = this.#options.surroundings.nowMs() + this.#serverAheadMs;
      return isDue(kept, nowMs) ? this.#renew(kept) : Promise.resolve(kept);
    });
  }

  /**
   * The kept token still works, so it stays whatever the server answers, unless its successor is the same
   * person's.
   */
  async #renew(kept: string): Promise<string> {
    try {
      const renewed = await this.#ask(kept);
      return claimsOf(renewed)?.userId === claimsOf(kept)?.userId ? renewed : kept;
    } catch {
      return kept;
    }
  }

  /** The server renews an expired token of its own for 90 days. After that the person begins anew. */
  async #renewRefused(refused: string): Promise<string> {
    try {
      return await this.#ask(refused);
    } catch (failure) {
      const isForGood =
        failure instanceof Refusal && (failure.code === 'bad_token' || failure.code === 'token_expired');
      if (!isForGood) throw failure;
      return this.#ask();
    }
  }

  /** A token for the person of `bearer`, or for a new one. */
  async #ask(bearer?: string): Promise<string> {
    const { surroundings, url, creatorId } = this.#options;
    const address = endpoint(url, 'v1/visitors');
    let response: Response;
    let answer: { token?: unknown; code?: unknown; reason?: unknown; retryAfterMs?: unknown };
    try {
      response = await surroundings.fetch(address, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        },
        body: JSON.stringify({ creatorId }),
        signal: AbortSignal.timeout(10_000),
      });
      answer = await response.json();
    } catch {
      throw new Refusal('unavailable', `Cannot reach ${address.origin}.`);
    }
    if (response.ok && typeof answer.token === 'string') return answer.token;
    const code = typeof answer.code === 'string' ? answer.code : 'unavailable';
    const reason = typeof answer.reason === 'string' ? answer.reason : `Status ${response.status}`;
    throw new Refusal(code, reason, typeof answer.retryAfterMs === 'number' ? answer.retryAfterMs : 0);
  }
}

export class MemoryVisitorTokens implements VisitorTokens {
  #token: string | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(token?: string) {
    this.#token = token;
  }

  async kept(): Promise<string | undefined> {
    return this.#token;
  }

  replace(next: (kept: string | undefined) => Promise<string>): Promise<string> {
    const replaced = this.#turn
      .catch(() => {}) // The caller of that one was told.
      .then(async () => {
        this.#token = await next(this.#token);
        return this.#token;
      });
    this.#turn = replaced;
    return replaced;
  }
}
