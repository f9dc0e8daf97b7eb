import { expect, test } from 'vitest';
import { claimsOf, decodeToken, isDue } from './token.ts';

const token = (claims: object) => `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;

test('decodeToken() takes what has the form of a token and nothing else', () => {
  expect(decodeToken('a.b-_9.c')).toBe('a.b-_9.c');
  for (const damaged of [
    42,
    null,
    {},
    '',
    'x',
    'a.b',
    'a.b.c.d',
    'a b.c.d',
    `a.${'b'.repeat(5_000_000)}.c`,
  ]) {
    expect(decodeToken(damaged)).toBeUndefined();
  }
});

test('claimsOf() reads the person and the life of a token, whatever is in it', () => {
  expect(claimsOf(token({ sub: 'anna', iat: 1, exp: 3, name: 'Ä?>~' }))).toEqual({
    userId: 'anna',
    issuedAtMs: 1_000,
    expiresAtMs: 3_000,
  });
  for (const foreign of [
    '',
    'a.b.c',
    'a..c',
    token({ sub: 'Not An Id', iat: 1, exp: 2 }),
    token({ sub: 'a' }),
    'h.bnVsbA.s',
  ]) {
    expect(claimsOf(foreign)).toBeUndefined();
  }
});

test('isDue() is true from half of the life on', () => {
  const half = token({ sub: 'anna', iat: 0, exp: 100 });
  expect([isDue(half, 49_999), isDue(half, 50_000), isDue('opaque', 50_000)]).toEqual([false, true, false]);
});
