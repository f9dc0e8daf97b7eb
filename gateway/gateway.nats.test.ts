import { randomUUID } from 'node:crypto';
import { upToBinary } from '@rapport/proto/wire.ts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { SocketClient, startGatewayProcess, until } from './testing/process-fixture.ts';
import { RawClient } from './testing/raw-client-fixture.ts';

let gateway: Awaited<ReturnType<typeof startGatewayProcess>>;
const clients: { end(): void }[] = [];

beforeAll(async () => {
  gateway = await startGatewayProcess({ GATEWAY_HELLO_WITHIN_MS: '700', GATEWAY_DRAIN_STALL_MS: '6000' });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.end();
});
afterAll(() => gateway.stop());

async function visitor(of = gateway): Promise<{ token: string; userId: string }> {
  const response = await fetch(`${of.url}/v1/visitors`, {
    method: 'POST',
    body: '{"creatorId":"demo"}',
  });
  return await response.json();
}

async function connected(subprotocol?: string): Promise<SocketClient> {
  const client = new SocketClient(gateway.wsUrl, subprotocol);
  clients.push(client);
  return await client.open();
}

async function welcomed(token: string, deviceId: string = randomUUID()): Promise<SocketClient> {
  const client = await connected();
  client.send({ hello: { token, deviceId } });
  await until(() => client.frames.find(({ welcome }) => welcome));
  return client;
}

const codesOf = (client: SocketClient) => client.frames.flatMap(({ fault }) => fault?.code ?? []);

describe('sockets', () => {
  test('a say comes back stored, and as a message on every socket of the person', async () => {
    const { token, userId } = await visitor();
    const one = await welcomed(token);
    const two = await welcomed(token);
    const id = randomUUID();
    one.send({ say: { clientSeq: 1, id, text: 'hello' } });
    for (const client of [one, two]) await until(() => client.frames.find(({ message }) => message));
    expect(one.frames.find(({ welcome }) => welcome)?.welcome).toMatchObject({ userId, topSeq: 0 });
    expect(one.frames.find(({ receipt }) => receipt)?.receipt).toMatchObject({ state: 'STORED', seq: 1, id });
    expect(two.frames.find(({ message }) => message)?.message).toMatchObject({ seq: 1, text: 'hello', id });
  });

  test('another subprotocol is told so by a close code', async () => {
    const client = await connected('chat');
    expect(await client.closed).toEqual({ code: 4009, reason: 'bad_subprotocol' });
    expect(client.frames[0]?.goodbye?.code).toBe('bad_subprotocol');
  });

  test('a socket without hello is closed in time', async () => {
    const client = await connected();
    expect((await client.closed).code).toBe(4001);
  });

  test('a token that was made up closes the socket', async () => {
    const client = await connected();
    client.send({ hello: { token: 'a.b.c', deviceId: randomUUID() } });
    expect((await client.closed).code).toBe(4003);
  });

  test('malformed frames are refused one by one, and the socket goes on', async () => {
    const { token } = await visitor();
    const client = await welcomed(token);
    client.raw('{');
    client.raw(new Uint8Array([1, 2, 3]));
    client.raw(`"${'x'.repeat(70_000)}"`);
    client.raw('{"say":{"clientSeq":1}}');
    await until(() => codesOf(client).length === 3 && client.frames.find(({ receipt }) => receipt));
    expect(codesOf(client)).toEqual(['bad_frame', 'bad_frame', 'frame_too_big']);
    client.send({ say: { clientSeq: 1, id: randomUUID(), text: 'still here' } });
    await until(() => client.frames.find(({ receipt }) => receipt?.state === 'STORED'));
  });

  test('a frame far beyond the limit closes the socket', async () => {
    const client = await connected();
    client.raw('x'.repeat(200_000));
    expect((await client.closed).code).toBe(1006);
  });

  test('a flood of refused frames closes the socket', async () => {
    const { token } = await visitor();
    const client = await welcomed(token);
    for (let times = 0; times < 60; times += 1) client.raw('{');
    expect((await client.closed).code).toBe(4010);
  });

  test('the seventeenth say at once is refused, or the twenty-first in ten seconds', async () => {
    const { token } = await visitor();
    const client = await welcomed(token);
    for (let clientSeq = 1; clientSeq <= 40; clientSeq += 1) {
      client.send({ say: { clientSeq, id: randomUUID(), text: 'x' } });
    }
    const rejected = () => client.frames.flatMap(({ receipt }) => (receipt?.code ? [receipt] : []));
    await until(() => rejected().length >= 20);
    expect(rejected().every(({ code }) => code === 'too_many_in_flight' || code === 'too_fast')).toBe(true);
    for (const { retryAfterMs } of rejected()) expect(retryAfterMs).toBeGreaterThan(0);
  });

  test('a client of the binary subprotocol is served in protobuf', async () => {
    const { token } = await visitor();
    const socket = new WebSocket(gateway.wsUrl, 'rapport.v1.proto');
    clients.push({ end: () => socket.close() });
    socket.binaryType = 'arraybuffer';
    const received: unknown[] = [];
    socket.onmessage = ({ data }) => received.push(data);
    socket.onopen = () => socket.send(upToBinary({ hello: { token, deviceId: randomUUID() } }));
    await until(() => received.length > 0);
    expect(received[0]).toBeInstanceOf(ArrayBuffer);
  });
});

describe('a slow reader', () => {
  /** It does not cut a reader off while a busy machine makes the pause of this test longer than it is. */
  let patient: typeof gateway;
  beforeAll(async () => {
    patient = await startGatewayProcess({ GATEWAY_DRAIN_STALL_MS: '60000' });
  });
  afterAll(() => patient.stop());

  test('costs bounded memory, gets one snapshot, and misses no message', async () => {
    const { token, userId } = await visitor(patient);
    const key = { creatorId: 'demo', userId };
    const slow = new RawClient(patient.url);
    clients.push(slow);
    await slow.send({ hello: { token, deviceId: randomUUID() } });
    await until(() => slow.frames.find(({ welcome }) => welcome));
    const before = await patient.residentBytes();
    slow.pause();
    const text = 'x'.repeat(4_000);
    patient.owner.push(key, [{ to: 'all', frame: { turn: { turnId: 't1', state: 'STARTED' } } }]);
    for (let at = 0; at < 15_000; at += 1) {
      const delta = { turnId: 't1', offset: 0, text };
      patient.owner.push(key, [{ to: 'all', frame: { delta } }]);
      if (at % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await patient.owner.write(
      key,
      Array.from({ length: 400 }, () => text),
      true,
    );
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await patient.residentBytes()) - before).toBeLessThan(40 * 1024 * 1024);
    slow.resume();
    const seqs = () =>
      slow.frames.flatMap(({ message, history }) =>
        message ? [message.seq] : (history?.messages ?? []).map(({ seq }) => seq),
      );
    await until(() => seqs().includes(400) && slow.frames.find(({ snapshot }) => snapshot), 40_000);
    expect(seqs()).toEqual(Array.from({ length: 400 }, (_, at) => at + 1));
    expect(slow.frames.filter(({ snapshot }) => snapshot)).toHaveLength(1);
    expect(slow.frames.filter(({ delta }) => delta).length).toBeLessThan(10_000);
  });

  test('that takes nothing at all is told to come again', async () => {
    const { token, userId } = await visitor();
    const key = { creatorId: 'demo', userId };
    const stuck = new RawClient(gateway.url);
    clients.push(stuck);
    await stuck.send({ hello: { token, deviceId: randomUUID() } });
    await until(() => stuck.frames.find(({ welcome }) => welcome));
    stuck.pause();
    await gateway.owner.write(
      key,
      Array.from({ length: 2_000 }, () => 'x'.repeat(8_000)),
      true,
    );
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    stuck.resume();
    expect(await stuck.closed).toBe(4007);
  });
});

describe('HTTP', () => {
  const call = (path: string, init: RequestInit = {}) => fetch(`${gateway.url}${path}`, init);
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    call(path, { method: 'POST', body: JSON.stringify(body), headers });

  test('POST /v1/messages answers the receipt, and GET reads the message', async () => {
    const { token } = await visitor();
    const headers = { authorization: `Bearer ${token}` };
    const say = { deviceId: randomUUID(), clientSeq: 1, id: randomUUID(), text: 'by http' };
    const posted = await post('/v1/messages', say, headers);
    expect([posted.status, await posted.json()]).toMatchObject([200, { state: 'STORED', seq: 1 }]);
    const read = await call('/v1/messages?afterSeq=0&limit=10', { headers });
    expect(await read.json()).toMatchObject({ messages: [{ seq: 1, text: 'by http' }], more: false });
  });

  test.each([
    ['no token', {}, { deviceId: randomUUID() }, 401, 'bad_token'],
    ['an empty text', undefined, { text: ' ' }, 400, 'text_empty'],
    ['a text too long', undefined, { text: 'x'.repeat(8_001) }, 413, 'text_too_long'],
    ['an id that is no UUID', undefined, { id: '7' }, 400, 'bad_request'],
    ['a body too large', undefined, { text: 'x'.repeat(70_000) }, 413, 'frame_too_big'],
  ])('POST /v1/messages refuses %s', async (_what, headers, changed, status, code) => {
    const { token } = await visitor();
    const say = { deviceId: randomUUID(), clientSeq: 1, id: randomUUID(), text: 'x', ...changed };
    const response = await post('/v1/messages', say, headers ?? { authorization: `Bearer ${token}` });
    expect([response.status, await response.json()]).toMatchObject([status, { code }]);
  });

  test('POST /v1/messages tells when the owner does not answer', async () => {
    const { token } = await visitor();
    gateway.owner.silent = true;
    const say = { deviceId: randomUUID(), clientSeq: 1, id: randomUUID(), text: 'x' };
    const response = await post('/v1/messages', say, { authorization: `Bearer ${token}` });
    gateway.owner.silent = false;
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'unavailable' }]);
  });

  test('POST /v1/visitors keeps a visitor who still has a token', async () => {
    const { token, userId } = await visitor();
    const again = await post('/v1/visitors', { creatorId: 'demo' }, { authorization: `Bearer ${token}` });
    expect((await again.json()).userId).toBe(userId);
    expect((await visitor()).userId).not.toBe(userId);
  });

  test.each([
    [{ creatorId: 'demo' }, 'https://other.example', 403, 'origin_refused'],
    [{ creatorId: 'nobody' }, 'https://site.example', 404, 'creator_unknown'],
    [{ creatorId: '../x' }, 'https://site.example', 400, 'bad_request'],
    ['nonsense', 'https://site.example', 400, 'bad_request'],
  ])('POST /v1/visitors with %j from %s is refused', async (body, origin, status, code) => {
    const response = await post('/v1/visitors', body, { origin });
    expect([response.status, await response.json()]).toMatchObject([status, { code }]);
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
  });

  test('a browser on an allowed site may ask', async () => {
    const headers = { origin: 'https://site.example' };
    const asked = await call('/v1/visitors', { method: 'OPTIONS', headers });
    expect([asked.status, asked.headers.get('access-control-allow-methods')]).toEqual([204, 'POST']);
    const answered = await post('/v1/visitors', { creatorId: 'demo' }, headers);
    expect([answered.status, answered.headers.get('access-control-allow-origin')]).toEqual([
      200,
      headers.origin,
    ]);
  });

  test.each([
    ['GET', '/livez', 200],
    ['GET', '/readyz', 200],
    ['GET', '/metrics', 404],
    ['GET', '/', 200],
    ['HEAD', '/', 200],
    ['GET', '/nowhere', 404],
    ['GET', '/learn/nothing', 404],
    ['GET', '/learn/..%2f..%2fpackage.json', 404],
    ['GET', '/../package.json', 404],
    ['DELETE', '/v1/messages', 405],
    ['POST', '/', 405],
  ])('%s %s is answered with %i', async (method, path, status) => {
    expect((await call(path, { method })).status).toBe(status);
  });

  test('a page that did not change is not sent again', async () => {
    const etag = (await call('/')).headers.get('etag') ?? '';
    expect((await call('/', { headers: { 'if-none-match': etag } })).status).toBe(304);
  });
});

test('one address gets so many visitor tokens and then has to wait', async () => {
  const limited = await startGatewayProcess({ GATEWAY_VISITOR_TOKENS_PER_MINUTE_MAX: '2' });
  try {
    const ask = () => fetch(`${limited.url}/v1/visitors`, { method: 'POST', body: '{"creatorId":"demo"}' });
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 200]);
    const refused = await ask();
    expect([refused.status, await refused.json()]).toMatchObject([429, { code: 'too_fast' }]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  } finally {
    await limited.stop();
  }
});

test('a gateway that goes away says so and ends by itself', async () => {
  const leaving = await startGatewayProcess();
  try {
    const client = await new SocketClient(leaving.wsUrl).open();
    const status = leaving.end();
    expect(await client.closed).toEqual({ code: 4000, reason: 'going_away' });
    expect(client.frames).toMatchObject([{ goodbye: { code: 'going_away' } }]);
    expect(await status).toBe(0);
  } finally {
    await leaving.stop();
  }
});
