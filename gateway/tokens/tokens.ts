import type { CloseCode } from '@rapport/proto/codes.ts';
import { type ConversationKey, idPattern, roles, type TokenRole } from '@rapport/proto/identity.ts';
import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JWTVerifyGetKey,
  jwtVerify,
  SignJWT,
} from 'jose';
import { z } from 'zod';
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

/** Only this one: with a list, a token could choose how it is checked. */
const algorithm = 'EdDSA';
/** How far two machines' clocks may differ. */
const clockToleranceS = 5;

const claimsSchema = z.object({
  sub: z.string().regex(idPattern),
  creator_id: z.string().regex(idPattern),
  role: z.enum(roles),
  exp: z.number(),
});

/** Makes and checks tokens: those signed with the own key, and those of a JWKS when one is configured. */
export class Tokens {
  readonly #keys: TokenKeys;
  readonly #lifeS: number;
  readonly #foreign: JWTVerifyGetKey | undefined;

  constructor(options: {
    readonly keys: TokenKeys;
    /** How long a token of our own is valid. */
    readonly lifeS: number;
    /** Where another issuer publishes its keys; empty for none. */
    readonly jwksUrl: string;
  }) {
    this.#keys = options.keys;
    this.#lifeS = options.lifeS;
    this.#foreign = options.jwksUrl === '' ? undefined : publishedKeys(options.jwksUrl);
  }

  issue({ creatorId, userId, role }: Identity): Promise<string> {
    return new SignJWT({ creator_id: creatorId, role })
      .setProtectedHeader({ alg: algorithm, kid: this.#keys.kid })
      .setSubject(userId)
      .setIssuedAt()
      .setExpirationTime(`${this.#lifeS}s`)
      .sign(this.#keys.privateKey);
  }

  async verify(token: string): Promise<TokenVerdict> {
    try {
      const options = {
        algorithms: [algorithm],
        requiredClaims: ['sub', 'exp'],
        clockTolerance: clockToleranceS,
      };
      const foreign = this.#foreign !== undefined && decodeProtectedHeader(token).kid !== this.#keys.kid;
      const { payload } =
        foreign && this.#foreign !== undefined
          ? await jwtVerify(token, this.#foreign, options)
          : await jwtVerify(token, this.#keys.publicKey, options);
      const { sub, creator_id, role, exp } = claimsSchema.parse(payload);
      const expiresAtMs = (exp + clockToleranceS) * 1_000;
      return { ok: true, identity: { userId: sub, creatorId: creator_id, role, expiresAtMs } };
    } catch (failure) {
      if (failure instanceof KeysAway) return { ok: false, code: 'unavailable' };
      // Why exactly is for nobody outside to know.
      return { ok: false, code: failure instanceof errors.JWTExpired ? 'token_expired' : 'bad_token' };
    }
  }
}

/** The other issuer's keys cannot be had just now, so nothing is known of the token. */
class KeysAway extends Error {}

function publishedKeys(jwksUrl: string): JWTVerifyGetKey {
  const keyOf = createRemoteJWKSet(new URL(jwksUrl));
  return async (header, token) => {
    try {
      return await keyOf(header, token);
    } catch (failure) {
      const isAnswered =
        failure instanceof errors.JWKSNoMatchingKey || failure instanceof errors.JWKSMultipleMatchingKeys;
      if (isAnswered) throw failure;
      throw new KeysAway('Cannot read the keys of the other issuer', { cause: failure });
    }
  };
}
