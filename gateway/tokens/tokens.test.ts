import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, exportSPKI, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
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
  tokens = new Tokens({ keys, lifeS: 60, jwksUrl: '' });
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
  expect(await tokens.verify(await signed(claims, keys.privateKey, '-1m'))).toEqual({
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

test('verify() takes the tokens of another issuer by the keys it publishes, and of no one else', async () => {
  const issuer = await openTokenKeys(await mkdtemp(join(folder, 'issuer-')));
  const jwk = { ...(await exportJWK(issuer.publicKey)), kid: issuer.kid, alg: 'EdDSA' };
  const server = createServer((_request, response) => response.end(JSON.stringify({ keys: [jwk] })));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const both = new Tokens({ keys, lifeS: 60, jwksUrl: `http://127.0.0.1:${address.port}/` });
  const foreign = new Tokens({ keys: issuer, lifeS: 60, jwksUrl: '' });
  const stranger = new Tokens({
    keys: await openTokenKeys(await mkdtemp(join(folder, 'stranger-'))),
    lifeS: 60,
    jwksUrl: '',
  });
  const verdicts = await Promise.all(
    [tokens, foreign, stranger].map(async (maker) => await both.verify(await maker.issue(anna))),
  );
  server.close();
  expect(verdicts.map(({ ok }) => ok)).toEqual([true, true, false]);
  const away = new Tokens({ keys, lifeS: 60, jwksUrl: `http://127.0.0.1:${address.port}/` });
  expect(await away.verify(await foreign.issue(anna))).toEqual({ ok: false, code: 'unavailable' });
  expect(await away.verify(await tokens.issue(anna))).toMatchObject({ ok: true });
});

test('the key file is for its owner only, and made once by however many start together', async () => {
  const shared = await mkdtemp(join(folder, 'shared-'));
  const opened = await Promise.all(Array.from({ length: 8 }, () => openTokenKeys(shared)));
  expect(new Set(opened.map(({ kid }) => kid)).size).toBe(1);
  expect(await readdir(join(shared, 'keys'))).toEqual(['token.jwk']);
  expect((await stat(join(shared, 'keys', 'token.jwk'))).mode & 0o777).toBe(0o600);
});
