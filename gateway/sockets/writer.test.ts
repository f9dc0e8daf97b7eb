import type { DownJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { expect, test } from 'vitest';
import { openTestGateway, settle } from '../testing/gateway-fixture.ts';

const anna = { creatorId: 'demo', userId: 'anna' };
const toAll = (frame: DownJson) => [{ to: 'all' as const, frame }];
const kilobyte = 'x'.repeat(1_000);

async function slowReader(changed = {}) {
  const opened = await openTestGateway({ unsentBytesSoft: 4_000, unsentBytesMax: 16_000, ...changed });
  const slow = await opened.client().hello();
  const { owner } = opened;
  const delta = (offset: number) =>
    owner.push(anna, toAll({ delta: { turnId: 't1', offset, text: kilobyte } }));
  owner.push(anna, toAll({ turn: { turnId: 't1', state: 'STARTED' } }));
  return { ...opened, slow, delta };
}

test('a slow reader gets one snapshot instead of the deltas it was too slow for', async () => {
  const { slow, delta } = await slowReader();
  slow.wire.stuck = true;
  for (let at = 0; at < 50; at += 1) delta(at * 1_000);
  expect(slow.wire.all('delta').length).toBeLessThan(6);
  expect(slow.wire.unsentBytes()).toBeLessThan(6_000);
  slow.flow();
  expect(slow.wire.all('snapshot')).toEqual([{ turnId: 't1', text: kilobyte.repeat(50) }]);
  delta(50_000);
  expect(slow.wire.all('delta').at(-1)?.offset).toBe(50_000);
});

test('an answer that ended while the reader was slow leaves no snapshot behind', async () => {
  const { slow, delta, owner } = await slowReader();
  slow.wire.stuck = true;
  for (let at = 0; at < 50; at += 1) delta(at * 1_000);
  owner.push(anna, toAll({ turn: { turnId: 't1', state: 'COMPLETED' } }));
  slow.flow();
  expect(slow.wire.all('snapshot')).toEqual([]);
  expect(slow.wire.all('turn').at(-1)?.state).toBe('COMPLETED');
});

test('messages for a slow reader wait in the store, and none is missing afterwards', async () => {
  const { slow, owner } = await slowReader();
  slow.wire.stuck = true;
  await owner.write(
    anna,
    Array.from({ length: 200 }, () => kilobyte),
    true,
  );
  await settle();
  expect(slow.wire.unsentBytes()).toBeLessThan(20_000);
  slow.flow();
  await settle();
  expect(slow.wire.seqs()).toEqual(Array.from({ length: 200 }, (_, at) => at + 1));
});

test('what is ephemeral is left out for a slow reader', async () => {
  const { slow, delta, owner } = await slowReader();
  slow.wire.stuck = true;
  for (let at = 0; at < 10; at += 1) delta(at * 1_000);
  for (let times = 0; times < 1_000; times += 1)
    owner.push(anna, toAll({ typing: { on: true, role: 'OPERATOR' } }));
  expect(slow.wire.all('typing')).toEqual([]);
});

test('a reader that takes nothing for too long is told to come again', async () => {
  const { slow, delta, clock } = await slowReader();
  slow.wire.stuck = true;
  delta(0);
  await clock.advance(9_000);
  expect(slow.wire.ended).toBeUndefined();
  await clock.advance(1_500);
  expect(slow.wire.ended).toEqual({ closeCode: 4007, reason: 'slow' });
});

test('who comes in the middle of an answer gets what was written of it', async () => {
  const { delta, owner, client } = await slowReader();
  delta(0);
  owner.writing(anna, { turnId: 't1', text: kilobyte });
  const late = await client().hello();
  expect(late.wire.all('turn')).toEqual([{ turnId: 't1', state: 'STARTED' }]);
  expect(late.wire.all('snapshot')).toEqual([{ turnId: 't1', text: kilobyte }]);
});

test('a lost end of an answer is told at the next attach', async () => {
  const { slow, owner, clock } = await slowReader();
  owner.silent = true;
  owner.push(anna, toAll({ turn: { turnId: 't1', state: 'STOPPED' } }));
  owner.silent = false;
  owner.heartbeat();
  await clock.advance(200);
  expect(slow.wire.all('turn').at(-1)).toEqual({ turnId: 't1', state: 'COMPLETED' });
});

test('a delta after a lost one is not passed on: the snapshot of the next attach is', async () => {
  const { slow, delta, owner, clock } = await slowReader();
  owner.silent = true;
  delta(0);
  owner.silent = false;
  owner.writing(anna, { turnId: 't1', text: kilobyte.repeat(2) });
  delta(1_000);
  expect(slow.wire.all('delta')).toEqual([]);
  await clock.advance(200);
  expect(slow.wire.all('snapshot')).toEqual([{ turnId: 't1', text: kilobyte.repeat(2) }]);
});
