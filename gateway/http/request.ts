import { type Code, codes } from '@rapport/proto/codes.ts';
import type { Answer, RequestHead } from '../sockets/exchange.ts';

/** An HTTP request with its body, which is empty where the endpoint reads none. */
export interface Request extends RequestHead {
  readonly body: Buffer;
}

/** How a request is answered, decided by its head. */
export interface Reply {
  readonly reads: 'body' | 'nothing';
  readonly answer: (request: Request) => Promise<Answer>;
}

/** Answers one method of one path. */
export type Endpoint = (head: RequestHead) => Reply;

export function json(status: number, value: object): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(value),
  };
}

/** A coded error; `reason` is the catalogue's sentence unless there is more to say. */
export function refusal(code: Code, reason: string = codes[code].sentence, retryAfterMs?: number): Answer {
  const answer = json(codes[code].http, {
    code,
    reason,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
  if (retryAfterMs === undefined) return answer;
  return {
    ...answer,
    headers: { ...answer.headers, 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) },
  };
}

export function notAllowed(methods: readonly string[]): Answer {
  const answer = refusal('method_not_allowed');
  return { ...answer, headers: { ...answer.headers, allow: methods.join(', ') } };
}

/** Why a body is not read as JSON, or its value. */
export type JsonBody =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly answer: Answer };

/** Reads a body as JSON in UTF-8. */
export function jsonBody({ headers, body }: Request): JsonBody {
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    const is = encoding.slice(0, 40);
    const reason = `Cannot read the body: its content-encoding is ${is}, it should be sent as it is`;
    return { ok: false, answer: refusal('bad_request', reason) };
  }
  try {
    // TextDecoder leaves out a byte order mark, which JSON.parse() refuses.
    return { ok: true, value: JSON.parse(utf8.decode(body)) };
  } catch {
    return { ok: false, answer: refusal('bad_request', 'Cannot read the body: it should be JSON in UTF-8') };
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function bearerOf({ headers }: RequestHead): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
}

/** The Origin and Host headers of a request, as claimed; empty where absent. */
export function claimedSource({ headers }: RequestHead): { readonly origin: string; readonly host: string } {
  return { origin: headers.get('origin') ?? '', host: headers.get('host') ?? '' };
}
