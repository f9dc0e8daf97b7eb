import type { CloseCode } from '@rapport/proto/codes.ts';
import { type ConversationKey, idPattern, roles, type TokenRole } from '@rapport/proto/identity.ts';
import { decodeProtectedHeader, errors, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { KeysAway, publishedKeys } from './published-keys.ts';
import type { TokenKeys } from './token-keys.ts';

/** The person, of one creator, that a token speaks for. */
export interface Identity extends ConversationKey {
  readonly role: TokenRole;
}

/** An identity whose token was checked. */
export interface VerifiedIdentity extends Identity {
  /** From this time of the wall clock on, in milliseconds since 1970, verify() refuses the token. */
  readonly expiresAtMs: number;
}

export type TokenVerdict =
  | { readonly ok: true; readonly identity: VerifiedIdentity }
  | { readonly ok: false; readonly code: Extract<CloseCode, 'bad_token' | 'token_expired' | 'unavailable'> };

export type RenewalVerdict =
  | { readonly ok: true; readonly identity: Identity }
  | { readonly ok: false; readonly code: Extract<CloseCode, 'bad_token' | 'token_expired'> };

/** Only this one: with a list, a token could choose how it is checked. */
const algorithm = 'EdDSA';
/** How far the clock of an issuer may be from this machine's: `nbf`, `iat` and `exp` all come from there. */
const clockToleranceS = 60;
/**
 * For so long after its end a visitor's token still gives a new one for the same person. A visitor who comes
 * back after a summer finds the conversation, and unsent messages go to the person who wrote them.
 */
const renewalGraceS = 90 * 24 * 3_600;
/** `iss` and `aud` of tokens that the gateway's own key signed. */
const ownIssuer = 'rapport-gateway';
const ownAudience = 'rapport';

const claimsSchema = z.object({
  sub: z.string().regex(idPattern),
  creator_id: z.string().regex(idPattern),
  role: z.enum(roles),
  exp: z.number(),
});
/** Tokens of versions before these claims have neither: their visitors must not become other people. */
const ownClaimsSchema = claimsSchema.extend({
  iss: z.literal(ownIssuer).optional(),
  aud: z.union([z.literal(ownAudience), z.tuple([z.literal(ownAudience)])]).optional(),
});
const foreignClaimsSchema = claimsSchema.extend({ iss: z.string().optional() });

export interface TokensOptions {
  readonly keys: TokenKeys;
  /** How long a token of our own is valid. */
  readonly lifeS: number;
  /** Where another issuer publishes its keys; empty for none. */
  readonly jwksUrl: string;
  /** The `aud` that tokens of that issuer must have. */
  readonly jwksAudience: string;
}

/** Makes and checks tokens: those signed with the own key, and those of a JWKS when one is configured. */
export class Tokens {
  readonly #options: TokensOptions;
  readonly #foreignKey: JWTVerifyGetKey | undefined;

  constructor(options: TokensOptions) {
    this.#options = options;
    this.#foreignKey = options.jwksUrl === '' ? undefined : publishedKeys(options.jwksUrl);
  }

  issue({ creatorId, userId, role }: Identity): Promise<string> {
    const { keys, lifeS } = this.#options;
    return new SignJWT({ creator_id: creatorId, role })
      .setProtectedHeader({ alg: algorithm, kid: keys.kid })
      .setIssuer(ownIssuer)
      .setAudience(ownAudience)
      .setSubject(userId)
      .setIssuedAt()
      .setExpirationTime(`${lifeS}s`)
      .sign(keys.privateKey);
  }

  async verify(token: string): Promise<TokenVerdict> {
    try {
      const isForeign = this.#foreignKey !== undefined && !this.#isOwn(token);
      const claims = isForeign
        ? await this.#foreignClaims(token, this.#foreignKey)
        : await this.#ownClaims(token);
      const expiresAtMs = (claims.exp + clockToleranceS) * 1_000;
      return { ok: true, identity: { ...identityOf(claims), expiresAtMs } };
    } catch (failure) {
      if (failure instanceof KeysAway) return { ok: false, code: 'unavailable' };
      // The exact reason would help an attacker only.
      return { ok: false, code: failure instanceof errors.JWTExpired ? 'token_expired' : 'bad_token' };
    }
  }

  /**
   * The visitor whose token may be replaced by a fresh one: the own key signed it, and it holds or ended less
   * than renewalGraceS ago. Any other token is refused, a member's and another issuer's too.
   */
  async renewable(token: string): Promise<RenewalVerdict> {
    try {
      const claims = this.#isOwn(token) ? await this.#ownClaims(token) : undefined;
      return claims === undefined ? { ok: false, code: 'bad_token' } : renewalOf(claims);
    } catch (failure) {
      // Its signature is good: jose checks the times after it.
      if (!(failure instanceof errors.JWTExpired)) return { ok: false, code: 'bad_token' };
      const claims = ownClaimsSchema.safeParse(failure.payload);
      return claims.success ? renewalOf(claims.data) : { ok: false, code: 'bad_token' };
    }
  }

  #isOwn(token: string): boolean {
    return decodeProtectedHeader(token).kid === this.#options.keys.kid;
  }

  async #ownClaims(token: string) {
    return ownClaimsSchema.parse((await jwtVerify(token, this.#options.keys.publicKey, checks)).payload);
  }

  async #foreignClaims(token: string, keyOf: JWTVerifyGetKey) {
    const { jwksAudience: audience } = this.#options;
    const claims = foreignClaimsSchema.parse(
      (await jwtVerify(token, keyOf, { ...checks, audience })).payload,
    );
    if (claims.iss === ownIssuer)
      throw new Error(`Cannot take the token: ${ownIssuer} signs with its own key`);
    return claims;
  }
}

const checks = {
  algorithms: [algorithm],
  requiredClaims: ['sub', 'exp'],
  clockTolerance: clockToleranceS,
};

function identityOf({ sub, creator_id, role }: z.infer<typeof claimsSchema>): Identity {
  return { userId: sub, creatorId: creator_id, role };
}

function renewalOf(claims: z.infer<typeof claimsSchema>): RenewalVerdict {
  if (claims.role !== 'visitor') return { ok: false, code: 'bad_token' };
  const endedS = Date.now() / 1_000 - claims.exp;
  return endedS < renewalGraceS
    ? { ok: true, identity: identityOf(claims) }
    : { ok: false, code: 'token_expired' };
}
