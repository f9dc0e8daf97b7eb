import type { Envelope } from '@rapport/proto/envelope.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import { expect, test } from 'vitest';
import { createMeters } from '../meters.ts';
import { settle, TestClock } from '../testing/gateway-fixture.ts';
import { MemoryStream } from '../testing/stream-fixture.ts';
import { Inbound } from './inbound.ts';

function open() {
  const stream = new MemoryStream();
  const log = createLog({ name: 'test', level: 'silent' });
  const meters = createMeters(new Metrics('test'));
  const clock = new TestClock();
  const inbound = new Inbound({ inbox: stream.inbox, gatewayId: 'g1', meters, log, clock });
  return { stream, clock, inbound };
}

function said(clientSeq: number, text = 'x'): Envelope {
  const event = { kind: 'said' as const, deviceId: 'd', clientSeq, id: 'i', text, channel: 'web' };
  return { creatorId: 'demo', userId: 'anna', event };
}

const numbers = (stream: MemoryStream) =>
  stream.appended.map(({ envelopes }) =>
    envelopes.map(({ event }) => (event.kind === 'said' ? event.clientSeq : 0)),
  );

test('what comes in one turn of the event loop is one append of each partition', async () => {
  const { stream, inbound } = open();
  for (const clientSeq of [1, 2, 3]) inbound.add(0, said(clientSeq));
  inbound.add(1, said(4));
  await settle();
  expect(numbers(stream)).toEqual([[1, 2, 3], [4]]);
  expect(new Set(stream.appended.map(({ appendId }) => appendId)).size).toBe(2);
});

test('while an append is on its way the next one gathers, in order', async () => {
  const { stream, inbound } = open();
  stream.held = true;
  inbound.add(0, said(1));
  await settle();
  for (const clientSeq of [2, 3]) {
    inbound.add(0, said(clientSeq));
    await settle();
  }
  expect(stream.appended).toEqual([]);
  stream.letGo();
  await settle();
  expect(numbers(stream)).toEqual([[1], [2, 3]]);
});

test('an append stays small, however much there is', async () => {
  const { stream, inbound } = open();
  for (let clientSeq = 1; clientSeq <= 60; clientSeq += 1) inbound.add(0, said(clientSeq, 'x'.repeat(8_000)));
  await settle();
  expect(numbers(stream).flat()).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
  for (const { envelopes } of stream.appended) {
    expect(JSON.stringify({ envelopes }).length).toBeLessThan(512 * 1024);
  }
});

test('what waits is bounded: add() says so', async () => {
  const { stream, inbound } = open();
  stream.held = true;
  let taken = 0;
  while (taken < 10_000 && inbound.add(0, said(taken + 1))) taken += 1;
  expect(taken).toBeLessThan(10_000);
  expect(inbound.add(1, said(1))).toBe(true);
  stream.letGo();
  await settle();
  expect(inbound.add(0, said(1))).toBe(true);
});

test('each envelope hears what became of its append', async () => {
  const { stream, inbound } = open();
  const outcomes: string[] = [];
  inbound.add(0, said(1), (settled) => outcomes.push(settled));
  await settle();
  stream.down = true;
  inbound.add(0, said(2), (settled) => outcomes.push(settled));
  await settle();
  expect(outcomes).toEqual(['accepted', 'lost']);
});

test('drain() waits for what is on its way and for what gathers behind it', async () => {
  const { stream, inbound } = open();
  stream.held = true;
  inbound.add(0, said(1));
  await settle();
  inbound.add(0, said(2));
  const drained = inbound.drain();
  stream.letGo();
  await drained;
  expect(numbers(stream)).toEqual([[1], [2]]);
  await inbound.drain();
});

test('tells that the log refuses, until an append succeeds or nobody tried for a while', async () => {
  const { stream, clock, inbound } = open();
  const appended = async (clientSeq: number, down: boolean) => {
    stream.down = down;
    inbound.add(0, said(clientSeq));
    await settle();
  };
  expect(inbound.refusal).toBeUndefined();
  await appended(1, true);
  expect(inbound.refusal).toContain('the test took the log away');
  await appended(2, false);
  expect(inbound.refusal).toBeUndefined();
  await appended(3, true);
  await clock.advance(20_000);
  expect(inbound.refusal).toBeUndefined();
});
