import { randomUUID } from 'node:crypto';
import type { Catalog } from '@rapport/catalog/catalog.ts';
import { idPattern } from '@rapport/proto/identity.ts';
import { z } from 'zod';
import type { PersonLimits } from '../limits/limits.ts';
import type { Tokens } from '../tokens/tokens.ts';
import { addressOf } from './address-of.ts';
import { type Answer, bearerOf, json, jsonBody, type Request, refusal } from './http.ts';
import { originAllowed } from './origin.ts';

const bodySchema = z.object({ creatorId: z.string().regex(idPattern) });

/** POST /v1/visitors: a token for somebody who has no account. */
export class VisitorsApi {
  readonly #tokens: Tokens;
  readonly #catalog: Pick<Catalog, 'creator'>;
  readonly #personLimits: Pick<PersonLimits, 'visitor'>;
  readonly #addressHeader: string;

  constructor(options: {
    readonly tokens: Tokens;
    readonly catalog: Pick<Catalog, 'creator'>;
    readonly personLimits: Pick<PersonLimits, 'visitor'>;
    /** Header in which the proxy in front writes the client's address; empty when there is no proxy. */
    readonly addressHeader: string;
  }) {
    this.#tokens = options.tokens;
    this.#catalog = options.catalog;
    this.#personLimits = options.personLimits;
    this.#addressHeader = options.addressHeader.toLowerCase();
  }

  /** A visitor who still has a token of this creator stays the same person. */
  async post(request: Request): Promise<Answer> {
    const body = bodySchema.safeParse(jsonBody(request));
    if (!body.success)
      return refusal('bad_request', 'Cannot read the request: it should be {"creatorId": "…"}');
    const { creatorId } = body.data;
    const creator = this.#catalog.creator(creatorId)?.creator;
    if (creator === undefined) return refusal('creator_unknown');
    const source = { origin: request.headers.get('origin') ?? '', host: request.headers.get('host') ?? '' };
    if (!originAllowed(creator, source)) return refusal('origin_refused');
    const waitMs = await this.#personLimits.visitor(addressOf(request, this.#addressHeader));
    if (waitMs > 0)
      return refusal('too_fast', 'Cannot give out more tokens to this address just now', waitMs);
    const userId = (await this.#known(request, creatorId)) ?? `v${randomUUID().replaceAll('-', '')}`;
    return json(200, { token: await this.#tokens.issue({ creatorId, userId, role: 'visitor' }), userId });
  }

  async #known(request: Request, creatorId: string): Promise<string | undefined> {
    const token = bearerOf(request);
    const verdict = token === undefined ? undefined : await this.#tokens.verify(token);
    if (!verdict?.ok || verdict.identity.role !== 'visitor') return undefined;
    return verdict.identity.creatorId === creatorId ? verdict.identity.userId : undefined;
  }
}
