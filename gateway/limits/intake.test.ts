import { expect, test } from 'vitest';
import { openTestGateway, settle, TestClient } from '../testing/gateway-fixture.ts';

const anna = { creatorId: 'demo', userId: 'anna' };
/** Takes 60 KB and costs 4 ms to read. */
const dear = `{"typing":{"x":${'['.repeat(30_000)}${']'.repeat(30_000)}}}`;

const faults = ({ wire }: TestClient) => wire.all('fault').map(({ code }) => code);
const times = (count: number, act: () => void) => {
  for (let at = 0; at < count; at += 1) act();
};

test('a socket may send so many bytes; beyond them nothing is read, and it is told so', async () => {
  const { client, clock } = await openTestGateway();
  const one = await client().hello();
  times(20, () => one.raw(dear));
  expect(faults(one)).toEqual(['too_fast', 'too_fast', 'too_fast']);
  const { retryAfterMs = 0 } = one.wire.all('fault').at(-1) ?? {};
  expect(retryAfterMs).toBeGreaterThan(100);
  await clock.advance(retryAfterMs);
  one.raw(dear);
  expect(faults(one)).toHaveLength(3);
});

test('small frames count as well', async () => {
  const { client } = await openTestGateway({ socketBytesMax: 10_000 });
  const one = await client().hello();
  times(20, () => one.send({ typing: { on: true } }));
  expect(faults(one)).toEqual(['too_fast', 'too_fast']);
});

test('a socket that goes on is cut, not read until it goes by itself', async () => {
  const { client } = await openTestGateway({ faultsMax: 5 });
  const one = await client().hello();
  times(30, () => one.send({ read: { seq: 1 } }));
  expect(one.wire.ended).toBeUndefined();
  times(17 + 6, () => one.raw(`${dear} `));
  expect(one.wire.all('goodbye').map(({ code }) => code)).toEqual(['too_many_faults']);
  expect(one.wire.isCut).toBe(true);
  const count = one.wire.frames.length;
  one.raw(dear);
  expect(one.wire.frames).toHaveLength(count);
});

test('the sockets of one person share a budget, and it outlives them', async () => {
  const { client } = await openTestGateway({ socketBytesMax: 10_000_000, personBytesMax: 225_000 });
  const one = await client().hello();
  times(3, () => one.raw(dear));
  expect(faults(one)).not.toContain('too_fast');
  one.close();
  const two = await client().hello();
  two.raw(dear);
  expect(faults(two)).toEqual(['too_fast']);
  const other = await client().hello({}, 'demo/ben');
  other.raw(dear);
  expect(faults(other)).toEqual([]);
});

test('one address has a budget for all its people, and another address has its own', async () => {
  const { gateway } = await openTestGateway({ addressBytesPerSecondMax: 130_000 });
  const at = async (address: string, token: string) =>
    await new TestClient(gateway, { address }).hello({}, token);
  const [ann, ben, eve] = [
    await at('192.0.2.1', 'demo/ann'),
    await at('192.0.2.1', 'demo/ben'),
    await at('192.0.2.2', 'demo/eve'),
  ];
  for (const each of [ann, ann, ben, eve]) each.raw(dear);
  expect(faults(ben)).toEqual(['too_fast']);
  expect(faults(eve)).toEqual([]);
});

test.each([
  ['one large frame', 1, dear],
  ['many small ones', 60, `{"hello":{"token":"${'x'.repeat(200)}","deviceId":"no"}}`],
])('before its hello is accepted a socket is not read beyond a token: %s', async (_, count, frame) => {
  const { client } = await openTestGateway({ faultsMax: 1_000 });
  const one = client();
  times(count, () => one.raw(frame));
  expect(one.wire.all('goodbye').map(({ code }) => code)).toEqual(['hello_expected']);
  expect(one.wire.isCut).toBe(true);
  expect(one.wire.all('fault').length).toBeLessThan(40);
});

test('a stranger whose address has used up everything is told to come later', async () => {
  const { gateway } = await openTestGateway({ addressBytesPerSecondMax: 2_000 });
  const all = [1, 2, 3, 4].map(() => new TestClient(gateway));
  for (const each of all) await each.hello({}, `demo/${'u'.repeat(20)}`);
  expect(all.map(({ wire }) => wire.ended?.reason)).toEqual([
    ...[undefined, undefined, undefined],
    'unavailable',
  ]);
  expect(all.at(-1)?.wire.all('goodbye')[0]?.reconnectAfterMs).toBeGreaterThan(0);
});

test('a person who connects again and again is told to come later', async () => {
  const { client } = await openTestGateway({ personBytesMax: 100_000 });
  const codes: (string | undefined)[] = [];
  for (let at = 0; at < 8; at += 1) {
    const one = await client().hello();
    codes.push(one.wire.ended?.reason);
    one.close();
  }
  expect(codes.indexOf('unavailable')).toBe(6);
});

test('a person may read so many pages', async () => {
  const { client, clock, owner } = await openTestGateway({ pagesPerWindowMax: 3, pagesWindowMs: 3_000 });
  await owner.write(anna, ['one', 'two'], false);
  const one = await client().hello({ afterSeq: 2 });
  for (let at = 0; at < 5; at += 1) {
    one.send({ page: { afterSeq: 0, limit: 1 } });
    await settle();
  }
  expect(one.wire.all('history')).toHaveLength(3);
  expect(one.wire.all('fault')).toMatchObject([
    { code: 'too_fast', retryAfterMs: 1_000 },
    { code: 'too_fast', retryAfterMs: 1_000 },
  ]);
  await clock.advance(1_000);
  one.send({ page: { afterSeq: 0, limit: 1 } });
  await settle();
  expect(one.wire.all('history')).toHaveLength(4);
});

test('a catch-up beyond that many pages takes its time and leaves nothing out', async () => {
  const { client, clock, owner } = await openTestGateway({
    pageMessagesMax: 10,
    pagesPerWindowMax: 2,
    pagesWindowMs: 2_000,
  });
  await owner.write(
    anna,
    Array.from({ length: 45 }, () => 'x'),
    false,
  );
  const one = await client().hello();
  expect(one.wire.seqs()).toHaveLength(20);
  await clock.advance(3_000);
  await settle();
  expect(one.wire.seqs()).toEqual(Array.from({ length: 45 }, (_, at) => at + 1));
});
