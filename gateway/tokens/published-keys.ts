import { createRemoteJWKSet, errors, type JWTVerifyGetKey } from 'jose';

/** The other issuer's keys cannot be read just now, so nothing is known of the token. */
export class KeysAway extends Error {}

/** The keys that an issuer publishes as a JWKS; throws KeysAway while the address does not give them. */
export function publishedKeys(jwksUrl: string): JWTVerifyGetKey {
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
