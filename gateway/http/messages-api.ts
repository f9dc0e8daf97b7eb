import type { Catalog } from '@rapport/catalog/catalog.ts';
import { codes, isCode } from '@rapport/proto/codes.ts';
import { may, uuidPattern } from '@rapport/proto/identity.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import { z } from 'zod';
import { rangeOf } from '../incoming/pages.ts';
import type { Intake } from '../limits/intake.ts';
import type { HistoryReader } from '../outgoing/history-reader.ts';
import type { Answer } from '../sockets/exchange.ts';
import { refusalOf, type SourceOf } from '../tokens/origin.ts';
import type { Tokens, VerifiedIdentity } from '../tokens/tokens.ts';
import { bearerOf, claimedSource, json, jsonBody, type Reply, type Request, refusal } from './request.ts';
import type { RequestBudget } from './request-budget.ts';
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

export interface MessagesApiOptions {
  readonly tokens: Pick<Tokens, 'verify'>;
  readonly catalog: Pick<Catalog, 'creator'>;
  readonly sourceOf: SourceOf;
  readonly reader: Pick<HistoryReader, 'page'>;
  readonly intake: Pick<Intake, 'page'>;
  readonly sayRequests: Pick<SayRequests, 'say'>;
  readonly budget: Pick<RequestBudget, 'ofPerson'>;
  readonly limits: Limits;
}

/** GET and POST /v1/messages: the conversation without a socket. */
export class MessagesApi {
  readonly #options: MessagesApiOptions;

  constructor(options: MessagesApiOptions) {
    this.#options = options;
  }

  get(): Reply {
    return { reads: 'nothing', answer: (request) => this.#authorised(request, this.#page) };
  }

  post(): Reply {
    return { reads: 'body', answer: (request) => this.#authorised(request, this.#say) };
  }

  readonly #page = async (request: Request, identity: VerifiedIdentity): Promise<Answer> => {
    const { limits, reader, intake } = this.#options;
    const query = querySchema.safeParse(Object.fromEntries(request.query));
    const range = query.success ? rangeOf(query.data, limits) : undefined;
    if (range === undefined) {
      return refusal('bad_request', 'Cannot read the query: set one of afterSeq and beforeSeq, and limit');
    }
    const waitMs = intake.page(identity);
    if (waitMs > 0) return refusal('too_fast', 'Cannot read more pages for this person just now', waitMs);
    return json(200, await reader.page(identity, range, () => !request.signal.aborted));
  };

  readonly #say = async (request: Request, identity: VerifiedIdentity): Promise<Answer> => {
    const read = jsonBody(request);
    if (!read.ok) return read.answer;
    const body = saySchema.safeParse(read.value);
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
    const { signal } = request;
    const outcome = await this.#options.sayRequests.say(identity, { deviceId, say, signal });
    if ('refused' in outcome) return refusal(outcome.refused, undefined, outcome.retryAfterMs);
    const { state, code = '' } = outcome;
    if (state === 'STORED') return json(200, outcome);
    if (state === 'ACCEPTED') return json(202, outcome);
    return json(isCode(code) ? codes[code].http : 500, outcome);
  };

  /** Calls `act` for the person that the token speaks for, unless the token or the origin is refused. */
  async #authorised(
    request: Request,
    act: (request: Request, identity: VerifiedIdentity) => Promise<Answer>,
  ): Promise<Answer> {
    const { tokens, catalog, sourceOf, budget } = this.#options;
    const verdict = await tokens.verify(bearerOf(request) ?? '');
    if (!verdict.ok) return refusal(verdict.code);
    const { identity } = verdict;
    const waitMs = budget.ofPerson(identity);
    if (waitMs > 0) return refusal('too_fast', 'Cannot take more requests of this person just now', waitMs);
    const creator = catalog.creator(identity.creatorId)?.creator;
    const code = refusalOf(creator, identity.role, sourceOf(claimedSource(request)));
    if (code !== undefined) return refusal(code);
    return may(identity.role, 'talk') ? await act(request, identity) : refusal('forbidden');
  }
}
