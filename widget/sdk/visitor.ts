import type { Retry } from '@rapport/proto/codes.ts';
import { retryOf } from './code.ts';

/** Where a visitor's token is kept between visits. Twins: IndexedDB, a file, memory. */
export interface VisitorTokens {
  kept(): Promise<string | undefined>;
  /** The kept token; when there is none, or it is `refused`, what `make` gets, which is then kept. */
  replace(refused: string | undefined, make: () => Promise<string>): Promise<string>;
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

/** Asks the gateway at `url` for a token of a new visitor; throws Refusal. */
export async function requestVisitorToken(
  fetch: typeof globalThis.fetch,
  url: string,
  creatorId: string,
): Promise<string> {
  const address = new URL('/v1/visitors', url);
  let response: Response;
  let answer: { token?: unknown; code?: unknown; reason?: unknown; retryAfterMs?: unknown };
  try {
    response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ creatorId }),
      signal: AbortSignal.timeout(10_000),
    });
    answer = await response.json();
  } catch (cause) {
    throw new Refusal('unavailable', `Cannot reach ${address.origin}: ${String(cause)}`);
  }
  if (response.ok && typeof answer.token === 'string') return answer.token;
  const code = typeof answer.code === 'string' ? answer.code : 'unavailable';
  const reason = typeof answer.reason === 'string' ? answer.reason : `Status ${response.status}`;
  throw new Refusal(code, reason, typeof answer.retryAfterMs === 'number' ? answer.retryAfterMs : 0);
}

export class MemoryVisitorTokens implements VisitorTokens {
  #token: string | undefined;

  async kept(): Promise<string | undefined> {
    return this.#token;
  }

  async replace(refused: string | undefined, make: () => Promise<string>): Promise<string> {
    if (this.#token === undefined || this.#token === refused) this.#token = await make();
    return this.#token;
  }
}
