import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { SocketClient, startGatewayProcess, until } from '../testing/process-fixture.ts';
import { startTestRedis, type TestRedis } from '../testing/redis-fixture.ts';

type GatewayProcess = Awaited<ReturnType<typeof startGatewayProcess>>;

/** Longer than a gateway needs to hear what another one counted. */
const heardMs = 500;
let folder: string;
let redis: TestRedis;
let one: GatewayProcess;
let two: GatewayProcess;
const clients: SocketClient[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rapport-limits-'));
  redis = await startTestRedis();
  one = await startGateway();
  two = await startGateway();
  await together(1);
});
afterEach(() => {
  for (const client of clients.splice(0)) client.end();
});
afterAll(async () => {
  await Promise.all([one.stop(), two.stop(), redis.stop()]);
  await rm(folder, { recursive: true, force: true });
});

/** With its own log and history: only the token key and Redis are common. */
function startGateway(): Promise<GatewayProcess> {
  return startGatewayProcess({
    REDIS_URL: redis.url,
    DATA_DIR: folder,
    LOG_LEVEL: 'error',
    GATEWAY_ADDRESS_HEADER: 'x-address',
    GATEWAY_SAYS_WINDOW_MS: '3600000', // Nothing comes back while a test runs.
    GATEWAY_SOCKETS_PER_PERSON_MAX: '2',
    GATEWAY_VISITOR_TOKENS_PER_MINUTE_MAX: '3',
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function limitsTogether(gateway: GatewayProcess): Promise<number> {
  const text = await (await fetch(gateway.metricsUrl)).text();
  return Number(/^rapport_gateway_limits_together\S* (\d)$/m.exec(text)?.[1]);
}

async function together(wanted: 0 | 1, gateways: readonly GatewayProcess[] = [one, two]): Promise<void> {
  for (const gateway of gateways) {
    while ((await limitsTogether(gateway)) !== wanted) await pause(50);
  }
}

let addresses = 0;
/** An address that nothing was counted for yet. */
const anyAddress = () => {
  addresses += 1;
  return `10.${addresses >> 16}.${(addresses >> 8) & 255}.${addresses & 255}`;
};

const ask = (gateway: GatewayProcess, address: string) =>
  fetch(`${gateway.url}/v1/visitors`, {
    method: 'POST',
    body: '{"creatorId":"demo"}',
    headers: { 'x-address': address },
  });

async function visitorStatuses(address: string, gateways: readonly GatewayProcess[]) {
  const statuses: number[] = [];
  for (const gateway of gateways) statuses.push((await ask(gateway, address)).status);
  return statuses;
}

/** A person's token; each is got from an address of its own. */
async function newToken(): Promise<string> {
  return (await (await ask(one, anyAddress())).json()).token;
}

async function welcomed(gateway: GatewayProcess, token: string): Promise<SocketClient> {
  const client = await new SocketClient(gateway.wsUrl).open();
  clients.push(client);
  client.send({ hello: { token, deviceId: randomUUID() } });
  await until(() => client.frames.find(({ welcome }) => welcome));
  return client;
}

/** Says one after the other, each when the one before was answered; gives how many were stored. */
async function storedOf(client: SocketClient, says: number): Promise<number> {
  const receipts = () => client.frames.flatMap(({ receipt }) => (receipt ? [receipt] : []));
  const final = () => receipts().filter(({ state }) => state !== 'ACCEPTED');
  const before = final().length;
  const storedBefore = final().filter(({ state }) => state === 'STORED').length;
  for (let said = 1; said <= says; said += 1) {
    const clientSeq = final().filter(({ state }) => state === 'STORED').length + 1;
    client.send({ say: { clientSeq, id: randomUUID(), text: 'hello' } });
    await until(() => final().length === before + said);
  }
  return final().filter(({ state }) => state === 'STORED').length - storedBefore;
}

/** What a person of 20 says may still say on gateway two after 12 on gateway one. */
async function storedOnBoth(): Promise<readonly number[]> {
  const token = await newToken();
  const first = await storedOf(await welcomed(one, token), 12);
  await pause(heardMs);
  const other = await welcomed(two, token);
  await pause(heardMs);
  return [first, await storedOf(other, 15)];
}

test('what a person said on one gateway is used up on the other', async () => {
  expect(await storedOnBoth()).toEqual([12, 8]);
});

test('what a person says on two open sockets of two gateways is counted together', async () => {
  const token = await newToken();
  const [left, right] = [await welcomed(one, token), await welcomed(two, token)];
  expect(await storedOf(left, 12)).toBe(12);
  await storedOf(right, 1);
  await pause(heardMs);
  expect(await storedOf(right, 10)).toBe(7);
  await pause(heardMs);
  await storedOf(left, 1);
  await pause(heardMs);
  expect(await storedOf(left, 3)).toBe(0);
});

test('an address has its visitor tokens from all gateways together', async () => {
  const address = anyAddress();
  expect(await visitorStatuses(address, [one, two, one, two, one])).toEqual([200, 200, 200, 429, 429]);
  expect((await ask(two, anyAddress())).status).toBe(200);
});

test('a socket too many on one gateway replaces the oldest on the other', async () => {
  const token = await newToken();
  const oldest = await welcomed(one, token);
  const newer = [await welcomed(two, token), await welcomed(two, token)];
  expect((await oldest.closed).reason).toBe('replaced');
  for (const client of newer) expect(await storedOf(client, 1)).toBe(1);
});

test('sockets of a gateway that was killed do not count', async () => {
  const token = await newToken();
  const third = await startGateway();
  await together(1, [third]);
  const old = await welcomed(one, token);
  const lost = await welcomed(third, token);
  await pause(heardMs);
  await third.stop();
  await lost.closed;
  const replacement = await welcomed(two, token);
  await pause(6_000); // By then somebody would have been replaced.
  for (const client of [old, replacement]) expect(await storedOf(client, 1)).toBe(1);
});

const troubles = [
  ['killed', () => redis.kill(), () => redis.restart()],
  ['stopped', () => redis.pause(), () => redis.resume()],
] as const;

test.each(troubles)(
  'while Redis is %s, gateways keep their own limits, and then common ones',
  async (_how, takeAway, giveBack) => {
    const token = await newToken();
    const left = await welcomed(one, token);
    expect(await storedOf(left, 6)).toBe(6);
    await takeAway();
    expect(await storedOf(left, 6)).toBe(6);
    const address = anyAddress();
    expect(await visitorStatuses(address, [one, one, one, one, two])).toEqual([200, 200, 200, 429, 200]);
    await together(0);
    expect((await fetch(`${one.url}/readyz`)).status).toBe(200);
    expect(await storedOf(left, 10)).toBe(8);
    expect(await storedOf(await welcomed(two, await newToken()), 21)).toBe(20);
    await giveBack();
    await together(1);
    expect(await storedOnBoth()).toEqual([12, 8]);
    const anew = anyAddress();
    expect(await visitorStatuses(anew, [one, two, one, two])).toEqual([200, 200, 200, 429]);
  },
);

test('a gateway that lost Redis announces its sockets again', async () => {
  const token = await newToken();
  const oldest = await welcomed(one, token);
  await pause(heardMs);
  await redis.kill();
  await together(0);
  const second = await welcomed(two, token);
  await redis.restart();
  await together(1);
  const third = await welcomed(two, token);
  expect((await oldest.closed).reason).toBe('replaced');
  for (const client of [second, third]) expect(await storedOf(client, 1)).toBe(1);
});

test('a gateway starts, is ready and ends in order without the Redis that it was told of', async () => {
  const alone = await startGatewayProcess({ REDIS_URL: 'redis://127.0.0.1:1', LOG_LEVEL: 'error' });
  try {
    expect((await fetch(`${alone.url}/readyz`)).status).toBe(200);
    expect((await ask(alone, anyAddress())).status).toBe(200);
    expect(await limitsTogether(alone)).toBe(0);
    expect(await alone.end()).toBe(0);
  } finally {
    await alone.stop();
  }
});
