import { expect, test } from 'vitest';
import { openTestGateway, sayId, settle } from '../testing/gateway-fixture.ts';

const anna = { creatorId: 'demo', userId: 'anna' };
const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const texts = (count: number, length = 5) => Array.from({ length: count }, () => 'x'.repeat(length));

test('what was missed comes after welcome, in order and each once', async () => {
  const { client, owner } = await openTestGateway();
  await owner.write(anna, texts(500), false);
  const { wire } = await client().hello({ afterSeq: 3 });
  expect(wire.seqs()).toEqual(numbered(4, 500));
  expect(wire.all('history').map(({ more }) => more)).toEqual([true, true, false]);
});

test('a new client gets the newest messages that it asks for', async () => {
  const { client, owner } = await openTestGateway();
  await owner.write(anna, texts(30), false);
  expect((await client().hello({ tail: 10 })).wire.seqs()).toEqual(numbered(21, 30));
  expect((await client().hello({ tail: 0 })).wire.seqs()).toEqual(numbered(1, 30));
  expect((await client().hello({ tail: 100 })).wire.seqs()).toEqual(numbered(1, 30));
});

test('long messages are split over frames that stay small', async () => {
  const { client, owner } = await openTestGateway();
  await owner.write(anna, texts(40, 8_000), false);
  const { wire } = await client().hello();
  expect(wire.seqs()).toEqual(numbered(1, 40));
  for (const frame of wire.frames) expect(JSON.stringify(frame).length).toBeLessThan(64 * 1024);
});

test('messages that come while others are read leave neither hole nor double', async () => {
  const { client, owner, store } = await openTestGateway();
  await owner.write(anna, texts(300), false);
  const one = client();
  const page = store.page.bind(store);
  let reads = 0;
  store.page = async (key, range) => {
    reads += 1;
    if (reads <= 2) await owner.write(anna, ['meanwhile'], true);
    return await page(key, range);
  };
  await one.hello();
  await owner.write(anna, ['live'], true);
  expect(one.wire.seqs()).toEqual(numbered(1, 303));
});

test('a lost message is read from the store once the next one comes', async () => {
  const { client, owner } = await openTestGateway();
  const one = await client().hello();
  await owner.write(anna, ['one'], true);
  await owner.write(anna, ['lost'], false);
  await owner.write(anna, ['three'], true);
  await settle();
  expect(one.wire.seqs()).toEqual([1, 2, 3]);
});

test('a message that comes twice is passed on once', async () => {
  const { client, owner } = await openTestGateway();
  const one = await client().hello();
  await owner.write(anna, ['one'], true);
  owner.push(anna, [{ to: 'all', frame: { message: { seq: 1, text: 'one' } } }]);
  expect(one.wire.seqs()).toEqual([1]);
});

test('a lost tail heals: the heartbeat tells of a number that never came', async () => {
  const { client, owner, clock } = await openTestGateway();
  const one = await client().hello();
  owner.silent = true;
  one.say(1);
  await settle();
  await owner.write(anna, ['lost'], true);
  owner.silent = false;
  owner.heartbeat();
  await clock.advance(200);
  expect(one.wire.all('receipt').at(-1)).toEqual({ clientSeq: 1, id: sayId(1), state: 'STORED', seq: 1 });
  expect(one.wire.seqs()).toEqual([1, 2]);
});

test('a lane without heartbeats makes its sessions attach again', async () => {
  const { client, owner, clock } = await openTestGateway();
  const one = await client().hello();
  owner.silent = true;
  await owner.write(anna, ['lost'], true);
  await clock.advance(2_500);
  owner.silent = false;
  await clock.advance(1_500);
  expect(one.wire.seqs()).toEqual([1]);
});

test('with heartbeats and nothing lost nobody attaches again', async () => {
  const { client, owner, clock } = await openTestGateway();
  await client().hello();
  for (let seconds = 0; seconds < 10; seconds += 1) {
    owner.heartbeat();
    await clock.advance(1_000);
  }
  expect(owner.controls.filter(({ kind }) => kind === 'attach')).toHaveLength(1);
});

test('a new owner is attached to, and what the old one still sends is dropped', async () => {
  const { client, owner, stream, clock } = await openTestGateway();
  const one = await client().hello();
  owner.epoch = 2;
  for (const partition of numbered(0, 3)) stream.own(partition, { hostId: owner.hostId, epoch: 2 });
  await clock.advance(200);
  expect(owner.controls.filter(({ kind }) => kind === 'attach')).toHaveLength(2);
  owner.push(anna, [{ to: 'all', frame: { typing: { on: true, role: 'OPERATOR' } } }], { epoch: 1 });
  owner.push(anna, [{ to: 'all', frame: { typing: { on: false, role: 'OPERATOR' } } }], { epoch: 2 });
  expect(one.wire.all('typing')).toEqual([{ on: false, role: 'OPERATOR' }]);
});

test('a store that is away delays what was missed; it is told and nothing is skipped', async () => {
  const { client, owner, store, clock } = await openTestGateway();
  await owner.write(anna, texts(3), false);
  const page = store.page.bind(store);
  let away = true;
  store.page = async (key, range) => {
    if (away) throw new Error('away');
    return await page(key, range);
  };
  const one = await client().hello();
  await clock.advance(1_000);
  expect(one.wire.all('fault')).toMatchObject([{ code: 'history_unavailable' }]);
  expect(one.wire.ended).toBeUndefined();
  away = false;
  await clock.advance(5_000);
  expect(one.wire.seqs()).toEqual([1, 2, 3]);
});

test('one page at a time; a page is one frame and says whether there is more', async () => {
  const { client, owner } = await openTestGateway();
  await owner.write(anna, texts(20), false);
  const one = await client().hello({ afterSeq: 20 });
  one.send({ page: { beforeSeq: 11, limit: 4 } });
  one.send({ page: { beforeSeq: 11, limit: 4 } });
  await settle();
  one.send({ page: { afterSeq: 18, limit: 2 } });
  await settle();
  one.send({ page: { afterSeq: 18, beforeSeq: 20 } });
  const pages = one.wire.all('history');
  expect(pages.map(({ messages, more }) => [messages?.map(({ seq }) => seq), more])).toEqual([
    [[7, 8, 9, 10], true],
    [[19, 20], false],
  ]);
  expect(one.wire.all('fault').map(({ code }) => code)).toEqual(['page_in_progress', 'bad_frame']);
});

test('a page of long messages holds the ones nearest to the position', async () => {
  const { client, owner } = await openTestGateway();
  await owner.write(anna, texts(40, 8_000), false);
  const one = await client().hello({ afterSeq: 40 });
  one.send({ page: { beforeSeq: 31, limit: 30 } });
  await settle();
  const [page] = one.wire.all('history');
  expect(page?.more).toBe(true);
  expect(page?.messages?.at(-1)?.seq).toBe(30);
  expect(page?.messages?.length).toBeGreaterThan(4);
});
