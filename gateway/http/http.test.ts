import { expect, test } from 'vitest';
import { openTestHttp } from './http-fixture.ts';

const visitors = { body: '{"creatorId":"demo"}' };

test('requests of one address are counted before their bodies are read', async () => {
  const { ask, clock } = await openTestHttp({ requestsPerAddressMax: 2 });
  const nested = { body: '['.repeat(32_000) };
  const refused = [
    await ask('POST', '/v1/visitors', nested),
    await ask('GET', '/v1/messages'),
    await ask('POST', '/v1/visitors', nested),
  ];
  expect(refused.map(({ status }) => status)).toEqual([400, 401, 429]);
  expect(refused[2]).toMatchObject({ wantsBody: false, body: { code: 'too_fast' } });
  expect(Number(refused[2]?.headers['retry-after'])).toBeGreaterThan(0);
  expect((await ask('POST', '/v1/visitors', { ...visitors, address: '127.0.0.2' })).status).toBe(200);
  await clock.advance(10_000);
  expect((await ask('POST', '/v1/visitors', visitors)).status).toBe(200);
});

test('requests behind a proxy count for the address that it names', async () => {
  const { ask } = await openTestHttp({ requestsPerAddressMax: 1 });
  const from = async (address: string) =>
    (await ask('GET', '/v1/messages', { headers: { 'x-forwarded-for': `evil, ${address}` } })).status;
  expect(await from('2001:db8::1')).toBe(401);
  expect(await from('2001:db8::2')).toBe(429);
  expect(await from('2001:db8:0:1::2')).toBe(401);
});

test('a body that cannot be read counts as a visitor token asked for', async () => {
  const { ask } = await openTestHttp({ visitorTokensPerMinuteMax: 2 });
  const statuses = [];
  for (const body of ['[', '{"creatorId":"../x"}', visitors.body]) {
    statuses.push((await ask('POST', '/v1/visitors', { body })).status);
  }
  expect(statuses).toEqual([400, 400, 429]);
});

test('reading has a budget for each person', async () => {
  const { ask, tokens } = await openTestHttp({ requestsPerPersonMax: 2 });
  const bearer = async (userId: string) => ({
    headers: {
      authorization: `Bearer ${await tokens.issue({ creatorId: 'demo', userId, role: 'visitor' })}`,
    },
  });
  const [anna, ben] = [await bearer('anna'), await bearer('ben')];
  const statuses = [];
  for (let asked = 0; asked < 3; asked += 1) {
    statuses.push((await ask('GET', '/v1/messages', anna)).status);
  }
  expect(statuses).toEqual([200, 200, 429]);
  expect((await ask('GET', '/v1/messages', ben)).status).toBe(200);
});

test.each([
  ['a byte order mark', Buffer.from('\ufeff{"creatorId":"demo"}'), {}, 200],
  ['gzip', Buffer.from('1f8b08', 'hex'), { 'content-encoding': 'gzip' }, 400],
  ['gzip that does not say so', Buffer.from('1f8b08', 'hex'), {}, 400],
  ['UTF-16', Buffer.from('\ufeff{"creatorId":"demo"}', 'utf16le'), {}, 400],
  ['nothing', Buffer.alloc(0), {}, 400],
])('a body of %s is read, or refused with a sentence', async (_what, body, headers, status) => {
  const { ask } = await openTestHttp();
  const answer = await ask('POST', '/v1/visitors', { body, headers });
  expect(answer.status).toBe(status);
  if (status !== 200)
    expect(answer.body).toMatchObject({ code: 'bad_request', reason: /^Cannot read the body/ });
});

test('a slash at the end of a path changes nothing', async () => {
  const { ask } = await openTestHttp();
  expect((await ask('POST', '/v1/visitors/', visitors)).status).toBe(200);
  expect((await ask('GET', '/livez/')).status).toBe(200);
});

test.each([
  ['GET', '/'],
  ['GET', '/nowhere'],
  ['GET', '/livez'],
  ['GET', '/readyz'],
  ['GET', '/v1/messages'],
  ['GET', '/v1/ws'],
  ['OPTIONS', '/v1/visitors'],
  ['PUT', '/v1/visitors'],
])('the answer to %s %s is no other type than it says', async (method, path) => {
  const { ask } = await openTestHttp();
  expect((await ask(method, path)).headers['x-content-type-options']).toBe('nosniff');
});

test('a page has a policy of its own, and no other site may frame it', async () => {
  const { ask } = await openTestHttp();
  const { headers } = await ask('GET', '/');
  expect(headers['content-security-policy']).toContain("frame-ancestors 'self'");
  expect(headers['content-security-policy']).toContain("default-src 'none'");
});

test('a preflight allows the headers that a site asks for, if they are names of headers', async () => {
  const { ask } = await openTestHttp();
  const allowed = async (asked: string) => {
    const headers = { origin: 'https://site.example', 'access-control-request-headers': asked };
    return (await ask('OPTIONS', '/v1/visitors', { headers })).headers;
  };
  expect(await allowed('content-type, traceparent,Baggage')).toMatchObject({
    'access-control-allow-headers': 'authorization, content-type, traceparent, baggage',
    'access-control-allow-methods': 'POST',
    'access-control-allow-origin': 'https://site.example',
    'access-control-max-age': '7200',
  });
  for (const asked of ['', 'a b, <x>, x:y', `${'x'.repeat(3_000)}`, ',,,']) {
    expect((await allowed(asked))['access-control-allow-headers']).toBe('authorization, content-type');
  }
  const many = Array.from({ length: 200 }, (_, at) => `x${at}`).join(',');
  expect((await allowed(many))['access-control-allow-headers']?.split(', ')).toHaveLength(52);
});

test('/readyz tells the public no reason, and asks at most once a second', async () => {
  let asked = 0;
  const ready = async () => {
    asked += 1;
    throw new Error('/var/lib/secret is away');
  };
  const { ask, clock } = await openTestHttp({}, { ready });
  const answers = await Promise.all([1, 2, 3].map(() => ask('GET', '/readyz')));
  expect(answers.map(({ status, body }) => [status, body])).toEqual(
    Array.from({ length: 3 }, () => [503, 'not ready\n']),
  );
  expect(asked).toBe(1);
  await clock.advance(1_000);
  await ask('GET', '/readyz');
  expect(asked).toBe(2);
});

test('/metrics is not for the public', async () => {
  const { ask } = await openTestHttp();
  expect((await ask('GET', '/metrics')).status).toBe(404);
});

test('a request that nothing answers is answered in the end', async () => {
  const { ask, clock } = await openTestHttp({}, { site: { answer: () => new Promise(() => undefined) } });
  const asked = ask('GET', '/');
  await clock.advance(15_000);
  expect(await asked).toMatchObject({ status: 503, body: { code: 'unavailable' } });
});

test('a failure is answered without its reason', async () => {
  const { ask } = await openTestHttp(
    {},
    {
      site: {
        answer: async () => {
          throw new Error('/var/lib/secret is away');
        },
      },
    },
  );
  const { status, body } = await ask('GET', '/');
  expect([status, JSON.stringify(body)]).toEqual([500, expect.not.stringContaining('secret')]);
});

test.each([
  ['too_big', 413, 'frame_too_big'],
  ['late', 400, 'bad_request'],
] as const)('a body that is %s is refused with a code', async (at, status, code) => {
  const { http } = await openTestHttp();
  const { answer } = http.begin({
    method: 'POST',
    path: '/v1/visitors',
    query: new URLSearchParams(),
    headers: new Map(),
    address: '127.0.0.1',
    signal: new AbortController().signal,
    malformed: undefined,
  });
  const refused = await answer({ at });
  expect([refused.status, JSON.parse(String(refused.body))]).toMatchObject([status, { code }]);
});
