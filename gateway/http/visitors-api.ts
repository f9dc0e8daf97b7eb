import { randomUUID } from 'node:crypto';
import type { Catalog } from '@rapport/catalog/catalog.ts';
import { idPattern } from '@rapport/proto/identity.ts';
import { z } from 'zod';
import type { PersonLimits } from '../limits/limits.ts';
import type { Answer, RequestHead } from '../sockets/exchange.ts';
import { originAllowed, type SourceOf } from '../tokens/origin.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { bearerOf, claimedSource, json, jsonBody, type Reply, type Request, refusal } from './request.ts';
import type { RequestBudget } from './request-budget.ts';

const bodySchema = z.object({ creatorId: z.string().regex(idPattern) });

export interface VisitorsApiOptions {
  readonly tokens: Pick<Tokens, 'issue' | 'renewable'>;
  readonly catalog: Pick<Catalog, 'creator'>;
  readonly sourceOf: SourceOf;
  readonly personLimits: Pick<PersonLimits, 'visitor'>;
  readonly budget: Pick<RequestBudget, 'addressOf'>;
}

/** POST /v1/visitors: a token for a person who has no account. */
export class VisitorsApi {
  readonly #options: VisitorsApiOptions;

  constructor(options: VisitorsApiOptions) {
    this.#options = options;
  }

  /** Counts the address before the body is parsed: nothing in a request may be free of charge. */
  post(head: RequestHead): Reply {
    const { personLimits, budget } = this.#options;
    const waits = personLimits.visitor(budget.addressOf(head));
    return { reads: 'body', answer: async (request) => await this.#answer(request, await waits) };
  }

  async #answer(request: Request, waitMs: number): Promise<Answer> {
    const { tokens, catalog, sourceOf } = this.#options;
    if (waitMs > 0) {
      return refusal('too_fast', 'Cannot give out more tokens to this address just now', waitMs);
    }
    const read = jsonBody(request);
    if (!read.ok) return read.answer;
    const body = bodySchema.safeParse(read.value);
    if (!body.success) {
      return refusal('bad_request', 'Cannot read the request: it should be {"creatorId": "…"}');
    }
    const { creatorId } = body.data;
    const creator = catalog.creator(creatorId)?.creator;
    if (creator === undefined) return refusal('creator_unknown');
    if (!originAllowed(creator, sourceOf(claimedSource(request)))) return refusal('origin_refused');
    const userId = await this.#userId(request, creatorId);
    if (typeof userId === 'object') return userId;
    return json(200, { token: await tokens.issue({ creatorId, userId, role: 'visitor' }), userId });
  }

  /**
   * A new person, or the person of the token that came along. A token that cannot be renewed is refused: the
   * client has to know that its person would become another one.
   */
  async #userId(request: Request, creatorId: string): Promise<string | Answer> {
    const token = bearerOf(request);
    if (token === undefined) return `v${randomUUID().replaceAll('-', '')}`;
    const verdict = await this.#options.tokens.renewable(token);
    if (!verdict.ok) return refusal(verdict.code);
    const { identity } = verdict;
    if (identity.creatorId === creatorId) return identity.userId;
    return refusal('bad_token', 'Cannot renew the token: it is for another creator');
  }
}
