import { SignJWT } from 'jose';
import { beforeEach, expect, test } from 'vitest';
import { openTestHttp } from './http-fixture.ts';

const dayS = 86_400;
let opened: Awaited<ReturnType<typeof openTestHttp>>;
beforeEach(async () => {
  opened = await openTestHttp();
});

function token(userId: string, endsInS: number, role = 'visitor'): Promise<string> {
  const { kid, privateKey } = opened.keys;
  return new SignJWT({ creator_id: 'demo', role })
    .setProtectedHeader({ alg: 'EdDSA', kid })
    .setSubject(userId)
    .setExpirationTime(Math.floor(Date.now() / 1_000) + endsInS)
    .sign(privateKey);
}

async function visitor(bearer?: string, { creatorId = 'demo', origin = 'https://site.example' } = {}) {
  const headers = { origin, ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) };
  const { status, body } = await opened.ask('POST', '/v1/visitors', {
    headers,
    body: JSON.stringify({ creatorId }),
  });
  return { status, ...body };
}

test('a visitor stays the same person, also for 90 days after the token ended', async () => {
  const first = await visitor();
  expect((await visitor(first.token)).userId).toBe(first.userId);
  expect((await visitor(await token('anna', 60))).userId).toBe('anna');
  const renewed = await visitor(await token('anna', -89 * dayS));
  expect(renewed.userId).toBe('anna');
  expect(await opened.tokens.verify(renewed.token)).toMatchObject({ ok: true, identity: { userId: 'anna' } });
});

test.each([
  ['that ended long ago', () => token('anna', -91 * dayS), 'token_expired'],
  ['of a member', () => token('anna', 60, 'member'), 'bad_token'],
  ['of a member, which ended', () => token('anna', -dayS, 'member'), 'bad_token'],
  ['that is none', async () => 'a.b.c', 'bad_token'],
])('a token %s is refused, so that no person becomes another one unnoticed', async (_what, make, code) => {
  expect(await visitor(await make())).toMatchObject({ status: 401, code });
});

test('a token is not renewed for another creator, nor for a site that is not allowed', async () => {
  const bearer = await token('anna', -dayS);
  expect(await visitor(bearer, { creatorId: 'other' })).toMatchObject({ status: 401, code: 'bad_token' });
  expect(await visitor(bearer, { origin: 'https://evil.example' })).toMatchObject({ code: 'origin_refused' });
  expect(await visitor(bearer, { creatorId: 'gone' })).toMatchObject({ code: 'creator_unknown' });
});
