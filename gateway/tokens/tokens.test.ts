import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, exportSPKI, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openTokenKeys, type TokenKeys } from './token-keys.ts';
import { Tokens } from './tokens.ts';

const anna = { creatorId: 'demo', userId: 'anna', role: 'visitor' as const };
const claims = { sub: 'anna', creator_id: 'demo', role: 'visitor' };
let folder: string;
let keys: TokenKeys;
let tokens: Tokens;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rapport-keys-'));
  keys = await openTokenKeys(folder);
  tokens = new Tokens({ keys, lifeS: 60, jwksUrl: '', jwksAudience: 'rapport' });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function signed(payload: object, key = keys.privateKey, expiration: string | number = '1m'): Promise<string> {
  return new SignJWT({ ...payload })
    .setProtectedHeader({ alg: 'EdDSA', kid: keys.kid })
    .setExpirationTime(expiration)
    .sign(key);
}

test('verify() takes what issue() gave', async () => {
  expect(await tokens.verify(await tokens.issue(anna))).toMatchObject({ ok: true, identity: anna });
});

test('verify() tells from when on it will refuse the token', async () => {
  const soon = Math.floor(Date.now() / 1_000) + 1;
  const verdict = await tokens.verify(await signed(claims, keys.privateKey, soon));
  if (!verdict.ok) throw new Error('the token should be good');
  const { expiresAtMs } = verdict.identity;
  expect(expiresAtMs).toBeGreaterThanOrEqual(soon * 1_000);
  vi.useFakeTimers({ now: expiresAtMs - 1 });
  const before = await tokens.verify(await signed(claims, keys.privateKey, soon));
  vi.setSystemTime(expiresAtMs);
  const after = await tokens.verify(await signed(claims, keys.privateKey, soon));
  vi.useRealTimers();
  expect([before, after]).toMatchObject([{ ok: true }, { ok: false, code: 'token_expired' }]);
});

test('verify() tells an expired token from a bad one', async () => {
  expect(await tokens.verify(await signed(claims, keys.privateKey, '-2m'))).toEqual({
    ok: false,
    code: 'token_expired',
  });
});

test('verify() refuses a token that was signed with another key', async () => {
  const other = await mkdtemp(join(folder, 'other-'));
  const { privateKey } = await openTokenKeys(other);
  expect(await tokens.verify(await signed(claims, privateKey))).toEqual({ ok: false, code: 'bad_token' });
});

test('verify() refuses a token whose claims were changed', async () => {
  const [header = '', , signature = ''] = (await tokens.issue(anna)).split('.');
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'ben', exp: 9_999_999_999 })).toString(
    'base64url',
  );
  expect(await tokens.verify(`${header}.${changed}.${signature}`)).toEqual({ ok: false, code: 'bad_token' });
});

test('verify() refuses algorithm none', async () => {
  const unsigned = new UnsecuredJWT(claims).setExpirationTime('1m').encode();
  expect(await tokens.verify(unsigned)).toEqual({ ok: false, code: 'bad_token' });
});

test('verify() refuses a token that takes the public key for a shared secret', async () => {
  const secret = new TextEncoder().encode(await exportSPKI(keys.publicKey));
  const confused = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: keys.kid })
    .setExpirationTime('1m')
    .sign(secret);
  expect(await tokens.verify(confused)).toEqual({ ok: false, code: 'bad_token' });
});

test.each([
  ['no userId', { ...claims, sub: undefined }],
  ['no creator', { ...claims, creator_id: undefined }],
  ['a creator that would reach into others', { ...claims, creator_id: 'demo/anna' }],
  ['an unknown role', { ...claims, role: 'owner' }],
  ['another issuer', { ...claims, iss: 'studio' }],
  ['another audience', { ...claims, aud: 'studio' }],
  ['two audiences', { ...claims, aud: ['rapport', 'studio'] }],
  ['a time from which on it holds, far ahead', { ...claims, nbf: Math.floor(Date.now() / 1_000) + 90 }],
])('verify() refuses a token with %s', async (_what, payload) => {
  expect(await tokens.verify(await signed(payload))).toEqual({ ok: false, code: 'bad_token' });
});

test('verify() refuses a token that never ends', async () => {
  const endless = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', kid: keys.kid })
    .sign(keys.privateKey);
  expect(await tokens.verify(endless)).toEqual({ ok: false, code: 'bad_token' });
});

test.each(['', 'x', 'a.b.c', '...', '\u0000'])('verify() refuses %j', async (text) => {
  expect(await tokens.verify(text)).toEqual({ ok: false, code: 'bad_token' });
});

test.each([
  ['an issuer whose clock is ahead', { nbf: 30, iat: 30 }, '1m'],
  ['an issuer whose clock is behind', {}, '-30s'],
])(
  'verify() takes a token of %s',
  async (_what, { nbf, iat }: { nbf?: number; iat?: number }, expiration) => {
    const nowS = Math.floor(Date.now() / 1_000);
    const ahead = { ...(nbf && { nbf: nowS + nbf }), ...(iat && { iat: nowS + iat }) };
    expect(
      await tokens.verify(await signed({ ...claims, ...ahead }, keys.privateKey, expiration)),
    ).toMatchObject({
      ok: true,
    });
  },
);

test('verify() takes a token of an earlier version, which names no issuer and no audience', async () => {
  expect(await tokens.verify(await signed(claims))).toMatchObject({ ok: true, identity: anna });
});

describe('renewable()', () => {
  const dayS = 86_400;
  const ended = (agoS: number) => Math.floor(Date.now() / 1_000) - agoS;

  test.each([
    ['that holds', '1m', true],
    ['that ended a day ago', ended(dayS), true],
    ['that ended 89 days ago', ended(89 * dayS), true],
    ['that ended 91 days ago', ended(91 * dayS), false],
  ])('decides on a visitor with a token %s', async (_what, expiration, renewed) => {
    const token = await signed(claims, keys.privateKey, expiration);
    expect(await tokens.renewable(token)).toEqual(
      renewed ? { ok: true, identity: anna } : { ok: false, code: 'token_expired' },
    );
  });

  const bad = { ok: false, code: 'bad_token' };
  test.each(['member', 'viewer', 'editor', 'admin'])('gives nothing for the token of a %s', async (role) => {
    for (const expiration of ['1m', ended(dayS)]) {
      expect(await tokens.renewable(await signed({ ...claims, role }, keys.privateKey, expiration))).toEqual(
        bad,
      );
    }
  });

  test('gives nothing for what the own key did not sign, whenever it ended', async () => {
    const other = await openTokenKeys(await mkdtemp(join(folder, 'other-')));
    for (const expiration of ['1m', ended(dayS)]) {
      expect(await tokens.renewable(await signed(claims, other.privateKey, expiration))).toEqual(bad);
      const foreignKid = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'EdDSA', kid: other.kid })
        .setExpirationTime(expiration)
        .sign(other.privateKey);
      expect(await tokens.renewable(foreignKid)).toEqual(bad);
    }
    for (const text of ['', 'x', 'a.b.c']) expect(await tokens.renewable(text)).toEqual(bad);
  });

  test('gives nothing for a token that ended and says something else besides', async () => {
    for (const changed of [{ aud: 'studio' }, { iss: 'studio' }, { sub: '../x' }, { role: 'owner' }]) {
      const token = await signed({ ...claims, ...changed }, keys.privateKey, ended(dayS));
      expect(await tokens.renewable(token)).toEqual(bad);
    }
  });
});

describe('tokens of another issuer', () => {
  let issuer: TokenKeys;
  let both: Tokens;
  let server: Server;
  let jwksUrl: string;

  beforeAll(async () => {
    issuer = await openTokenKeys(await mkdtemp(join(folder, 'issuer-')));
    const jwk = { ...(await exportJWK(issuer.publicKey)), kid: issuer.kid, alg: 'EdDSA' };
    server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    jwksUrl = `http://127.0.0.1:${address.port}/`;
    both = new Tokens({ keys, lifeS: 60, jwksUrl, jwksAudience: 'rapport' });
  });
  afterAll(() => void server.close());

  const foreign = (payload: object, by = issuer) =>
    new SignJWT({ ...claims, ...payload })
      .setProtectedHeader({ alg: 'EdDSA', kid: by.kid })
      .setExpirationTime('1m')
      .sign(by.privateKey);

  test('are taken by the keys it publishes, beside the own ones', async () => {
    expect(await both.verify(await foreign({ aud: 'rapport', iss: 'studio' }))).toMatchObject({ ok: true });
    expect(await both.verify(await foreign({ aud: ['api', 'rapport'] }))).toMatchObject({ ok: true });
    expect(await both.verify(await tokens.issue(anna))).toMatchObject({ ok: true });
  });

  test('are refused without the audience, or with another one', async () => {
    for (const payload of [{}, { aud: 'studio' }, { aud: [] }]) {
      expect(await both.verify(await foreign(payload))).toEqual({ ok: false, code: 'bad_token' });
    }
  });

  test('are refused when they name the gateway as their issuer', async () => {
    const token = await foreign({ aud: 'rapport', iss: 'rapport-gateway' });
    expect(await both.verify(token)).toEqual({ ok: false, code: 'bad_token' });
  });

  test('are never renewed', async () => {
    expect(await both.renewable(await foreign({ aud: 'rapport' }))).toEqual({ ok: false, code: 'bad_token' });
  });

  test('of a stranger are refused', async () => {
    const stranger = await openTokenKeys(await mkdtemp(join(folder, 'stranger-')));
    expect(await both.verify(await foreign({ aud: 'rapport' }, stranger))).toEqual({
      ok: false,
      code: 'bad_token',
    });
  });

  test('are unavailable while its keys cannot be read', async () => {
    server.close();
    const away = new Tokens({ keys, lifeS: 60, jwksUrl, jwksAudience: 'rapport' });
    expect(await away.verify(await foreign({ aud: 'rapport' }))).toEqual({ ok: false, code: 'unavailable' });
    expect(await away.verify(await tokens.issue(anna))).toMatchObject({ ok: true });
  });
});

test('the key file is for its owner only, and made once by however many start together', async () => {
  const shared = await mkdtemp(join(folder, 'shared-'));
  const opened = await Promise.all(Array.from({ length: 8 }, () => openTokenKeys(shared)));
  expect(new Set(opened.map(({ kid }) => kid)).size).toBe(1);
  expect(await readdir(join(shared, 'keys'))).toEqual(['token.jwk']);
  expect((await stat(join(shared, 'keys', 'token.jwk'))).mode & 0o777).toBe(0o600);
});
