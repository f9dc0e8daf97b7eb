import { expect, test } from 'vitest';
import { openTestGateway, settle, TestClient } from '../testing/gateway-fixture.ts';

const sentAway = (clients: readonly TestClient[]) => clients.map(({ wire }) => wire.ended?.reason);

test('a session ends when its token does', async () => {
  const { client, clock } = await openTestGateway();
  const short = await client().hello({}, `demo/ann/member/${clock.wallMs() + 5_000}`);
  const long = await client().hello({}, `demo/ben/member/${clock.wallMs() + 50_000}`);
  await clock.advance(4_900);
  expect(sentAway([short, long])).toEqual([undefined, undefined]);
  await clock.advance(1_000);
  expect(sentAway([short, long])).toEqual(['token_expired', undefined]);
  expect(short.wire.ended?.closeCode).toBe(4004);
});

test('sessions of a creator that was removed end within a second', async () => {
  const { client, clock, catalog } = await openTestGateway();
  const all = [await client().hello(), await client().hello({}, 'demo/ben/member')];
  catalog.creator = () => undefined;
  await clock.advance(1_000);
  expect(sentAway(all)).toEqual(['creator_unknown', 'creator_unknown']);
});

test('a site that is taken off the list loses its visitors within a second, and nobody else', async () => {
  const { gateway, clock, catalog } = await openTestGateway();
  const origin = 'https://site.example';
  const visitor = await new TestClient(gateway, { origin }).hello();
  const member = await new TestClient(gateway, { origin }).hello({}, 'demo/ben/member');
  const app = await new TestClient(gateway).hello({}, 'demo/eve');
  const creator = catalog.creator('demo')?.creator;
  if (creator === undefined) throw new Error('the fixture has this creator');
  await catalog.putCreator({ ...creator, name: 'Renamed' });
  await clock.advance(1_000);
  expect(sentAway([visitor, member, app])).toEqual([undefined, undefined, undefined]);
  await catalog.putCreator({ ...creator, allowedOrigins: ['https://other.example'] });
  await clock.advance(1_000);
  expect(sentAway([visitor, member, app])).toEqual(['origin_refused', undefined, undefined]);
});

test('every session is looked at within a second, however many there are', async () => {
  const { client, clock, catalog } = await openTestGateway();
  const all: TestClient[] = [];
  for (let at = 0; at < 100; at += 1) all.push(await client().hello({}, `demo/u${at}`));
  catalog.creator = () => undefined;
  await clock.advance(1_000);
  await settle();
  expect(sentAway(all)).toEqual(Array.from({ length: 100 }, () => 'creator_unknown'));
});

test.each(['viewer', 'editor', 'admin'])('a token of role %s may not talk', async (role) => {
  const { client, clock, stream, owner } = await openTestGateway();
  const one = await client().hello({}, `demo/anna/${role}`);
  expect(one.wire.all('welcome')).toHaveLength(1);
  one.say(1);
  one.send({ typing: { on: true } });
  one.send({ read: { seq: 1 } });
  one.send({ stop: { turnId: 't1' } });
  one.send({ page: { limit: 1 } });
  await clock.advance(100);
  expect(one.wire.all('receipt')).toMatchObject([{ clientSeq: 1, state: 'REJECTED', code: 'forbidden' }]);
  expect(one.wire.all('fault').map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => 'forbidden'));
  expect(stream.appended).toEqual([]);
  expect(owner.controls.map(({ kind }) => kind)).toEqual(['attach']);
});
