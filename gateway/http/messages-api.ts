import type { Catalog } from '@rapport/catalog/catalog.ts';
import { codes, isCode } from '@rapport/proto/codes.ts';
import { uuidPattern } from '@rapport/proto/identity.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import { z } from 'zod';
import { rangeOf } from '../incoming/pages.ts';
import type { HistoryReader } from '../outgoing/history-reader.ts';
import type { Identity, Tokens } from '../tokens/tokens.ts';
import { type Answer, bearerOf, json, jsonBody, type Request, refusal } from './http.ts';
import { refusalOf, type Source } from './origin.ts';
import type { SayRequests } from './say-request.ts';

const uint32Max = 2 ** 32 - 1;
const count = z.coerce.number().int().min(0).max(uint32Max).default(0);
const querySchema = z.object({ beforeSeq: count, afterSeq: count, limit: count });
const saySchema = z.object({
  deviceId: z.string().regex(uuidPattern),
  clientSeq: z.number().int().min(1).max(uint32Max),
  id: z.string().regex(uuidPattern),
  text: z.string(),
  choiceId: z.string().default(''),
});

/** GET and POST /v1/messages: the conversation without a socket. */
export class MessagesApi {
  readonly #tokens: Pick<Tokens, 'verify'>;
  readonly #catalog: Pick<Catalog, 'creator'>;
  readonly #reader: HistoryReader;
  readonly #sayRequests: SayRequests;
  readonly #limits: Limits;

  constructor(options: {
    readonly tokens: Pick<Tokens, 'verify'>;
    readonly catalog: Pick<Catalog, 'creator'>;
    readonly reader: HistoryReader;
    readonly sayRequests: SayRequests;
    readonly limits: Limits;
  }) {
    this.#tokens = options.tokens;
    this.#catalog = options.catalog;
    this.#reader = options.reader;
    this.#sayRequests = options.sayRequests;
    this.#limits = options.limits;
  }

  async get(request: Request): Promise<Answer> {
    const who = await this.#authorise(request);
    if (!who.ok) return who.answer;
    const query = querySchema.safeParse(Object.fromEntries(request.query));
    const range = query.success ? rangeOf(query.data, this.#limits) : undefined;
    if (range === undefined) {
      return refusal('bad_request', 'Cannot read the query: set one of afterSeq and beforeSeq, and limit');
    }
    return json(200, await this.#reader.page(who.identity, range));
  }

  async post(request: Request): Promise<Answer> {
    const who = await this.#authorise(request);
    if (!who.ok) return who.answer;
    const body = saySchema.safeParse(jsonBody(request));
    if (!body.success) {
      return refusal('bad_request', `Cannot read the message: ${z.prettifyError(body.error)}`);
    }
    const { deviceId, clientSeq, id, text, choiceId } = body.data;
    const say = {
      kind: 'say' as const,
      clientSeq,
      id,
      text: text.toWellFormed(),
      choiceId: choiceId.toWellFormed(),
    };
    const outcome = await this.#sayRequests.say(who.identity, { deviceId, say, signal: request.signal });
    if ('refused' in outcome) return refusal(outcome.refused, undefined, outcome.retryAfterMs);
    const { state, code = '' } = outcome;
    if (state === 'STORED') return json(200, outcome);
    if (state === 'ACCEPTED') return json(202, outcome);
    return json(isCode(code) ? codes[code].http : 500, outcome);
  }

  async #authorise(
    request: Request,
  ): Promise<
    { readonly ok: true; readonly identity: Identity } | { readonly ok: false; readonly answer: Answer }
  > {
    const verdict = await this.#tokens.verify(bearerOf(request) ?? '');
    if (!verdict.ok) return { ok: false, answer: refusal(verdict.code) };
    const { identity } = verdict;
    const { headers } = request;
    const source: Source = { origin: headers.get('origin') ?? '', host: headers.get('host') ?? '' };
    const code = refusalOf(this.#catalog.creator(identity.creatorId)?.creator, identity.role, source);
    return code === undefined ? { ok: true, identity } : { ok: false, answer: refusal(code) };
  }
}
