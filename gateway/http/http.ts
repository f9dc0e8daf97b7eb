import { type Code, codes } from '@rapport/proto/codes.ts';
import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import { answerHealth, type Health } from '@rapport/runtime/health.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { MessagesApi } from './messages-api.ts';
import type { Site } from './site.ts';
import type { VisitorsApi } from './visitors-api.ts';

/** One HTTP request, read whole. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Undefined when it was larger than is read. */
  readonly body: Buffer | undefined;
  readonly address: string;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

type Handler = (request: Request) => Promise<Answer>;

/** Answers HTTP: health, the demo site, and what clients without a socket need. */
export class Http {
  readonly #health: Health | undefined;
  readonly #site: Site;
  readonly #log: Log;
  readonly #v1: Readonly<Record<string, Readonly<Record<string, Handler>>>>;

  constructor(options: {
    /** Undefined when another port has it. */
    readonly health: Health | undefined;
    readonly site: Site;
    readonly visitors: VisitorsApi;
    readonly messages: MessagesApi;
    readonly log: Log;
  }) {
    const { visitors, messages } = options;
    this.#health = options.health;
    this.#site = options.site;
    this.#log = options.log;
    this.#v1 = {
      '/v1/visitors': { POST: (request) => visitors.post(request) },
      '/v1/messages': { GET: (request) => messages.get(request), POST: (request) => messages.post(request) },
    };
  }

  async answer(request: Request): Promise<Answer> {
    try {
      return withCors(request, await this.#route(request));
    } catch (failure) {
      this.#log.warn({ path: request.path, reason: reasonOf(failure) }, 'request failed');
      return withCors(request, refusal(failure instanceof Fault ? failure.code : 'internal'));
    }
  }

  async #route(request: Request): Promise<Answer> {
    const methods = Object.hasOwn(this.#v1, request.path) ? this.#v1[request.path] : undefined;
    if (methods !== undefined) return await callV1(methods, request);
    if (request.path === '/v1/ws') return refusal('bad_request', 'Cannot answer here: this is a WebSocket');
    const found = (await this.#healthAnswer(request.path)) ?? (await this.#site.answer(request));
    if (found === undefined) return refusal('not_found');
    return request.method === 'GET' || request.method === 'HEAD' ? found : notAllowed(['GET', 'HEAD']);
  }

  async #healthAnswer(path: string): Promise<Answer | undefined> {
    if (this.#health === undefined) return undefined;
    const found = await answerHealth(path, this.#health);
    if (found === undefined) return undefined;
    return {
      status: found.status,
      headers: { 'content-type': found.type, 'cache-control': 'no-store' },
      body: found.body,
    };
  }
}

async function callV1(methods: Readonly<Record<string, Handler>>, request: Request): Promise<Answer> {
  if (request.method === 'OPTIONS') return preflight(Object.keys(methods));
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (handler === undefined) return notAllowed(Object.keys(methods));
  if (request.body === undefined)
    return refusal('frame_too_big', 'Cannot read the request: its body is too large');
  return await handler(request);
}

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

/** The JSON of a body; undefined when it is none. */
export function jsonBody({ body }: Request): unknown {
  try {
    return JSON.parse(body?.toString() ?? '');
  } catch {
    return undefined;
  }
}

export function bearerOf({ headers }: Request): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
}

function notAllowed(methods: readonly string[]): Answer {
  const answer = refusal('method_not_allowed');
  return { ...answer, headers: { ...answer.headers, allow: methods.join(', ') } };
}

function preflight(methods: readonly string[]): Answer {
  return {
    status: 204,
    headers: {
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '600',
    },
    body: '',
  };
}

/**
 * Lets the page read the answer, also a refusal and its code. Nothing rests on this: there are no cookies,
 * and each request's origin and token are checked for themselves.
 */
function withCors({ path, headers }: Request, answer: Answer): Answer {
  const origin = headers.get('origin');
  if (origin === undefined || !path.startsWith('/v1/')) return answer;
  return { ...answer, headers: { ...answer.headers, 'access-control-allow-origin': origin, vary: 'origin' } };
}
