import { idPattern } from '@rapport/proto/identity.ts';

/** The claims of a token. The client cannot check its signature; the server does at each hello. */
export interface TokenClaims {
  readonly userId: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** A token of a dozen claims has some 400 characters. */
const tokenCharsMost = 8_192;
const tokenForm = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The kept token; undefined when it has not the form of a token, which no server would take. */
export function decodeToken(kept: unknown): string | undefined {
  const isToken = typeof kept === 'string' && kept.length <= tokenCharsMost && tokenForm.test(kept);
  return isToken ? kept : undefined;
}

/** Undefined when the token is none of ours: it then says nothing that the client could use. */
export function claimsOf(token: string): TokenClaims | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const claims: unknown = JSON.parse(atob(payload));
    const { sub, iat, exp } = claims as { sub?: unknown; iat?: unknown; exp?: unknown }; // Decoder.
    if (typeof sub !== 'string' || !idPattern.test(sub)) return undefined;
    if (typeof iat !== 'number' || typeof exp !== 'number') return undefined;
    return { userId: sub, issuedAtMs: iat * 1_000, expiresAtMs: exp * 1_000 };
  } catch {
    return undefined;
  }
}

/** From half of its life on a token is renewed, so that a visitor who comes now and then never loses it. */
export function isDue(token: string, nowMs: number): boolean {
  const claims = claimsOf(token);
  return claims !== undefined && nowMs >= (claims.issuedAtMs + claims.expiresAtMs) / 2;
}
