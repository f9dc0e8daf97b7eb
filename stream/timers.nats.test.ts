import { DiscardPolicy, jetstreamManager } from '@nats-io/jetstream';
import { encodeEnvelope, envelopesOf } from '@rapport/proto/batch.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectNats } from './connect.ts';
import { startTestNats, type TestNats } from './nats-fixture.ts';
import { openStream, type Stream } from './open-stream.ts';
import { partitionOf } from './partition.ts';
import type { TimerKey } from './timers.ts';

const log = createLog({ name: 'test', level: 'silent' });
const partitions = 4;
let nats: TestNats;
let stream: Stream;
let people = 0;
let timer: TimerKey;

beforeAll(async () => {
  nats = await startTestNats();
  stream = await openStream({ url: nats.url, name: 'test', partitions, log });
});

afterAll(async () => {
  await stream.close();
  await nats.stop();
});

beforeEach(() => {
  people += 1;
  timer = { creatorId: 'demo', userId: `u-${people}`, timerId: 'follow-up', generation: 1 };
});

const fired = ({ creatorId, userId, timerId, generation }: TimerKey): Envelope => ({
  creatorId,
  userId,
  event: { kind: 'timer_fired', timerId, generation },
});

/** What the log has of that person, once it has `last`. */
async function eventsUntil(last: Envelope): Promise<readonly Envelope[]> {
  const ends = new AbortController();
  const own: Envelope[] = [];
  for await (const record of stream.inbox.read(partitionOf(timer, partitions), 0, ends.signal)) {
    own.push(...envelopesOf(record.bytes).filter(({ userId }) => userId === timer.userId));
    if (JSON.stringify(own.at(-1)) === JSON.stringify(last)) ends.abort();
  }
  return own;
}

const soon = () => Date.now() + 300;
const later = () => Date.now() + 1_200;

test('a timer enters its own partition when its time has come, not before', async () => {
  const atMs = soon();
  await stream.timers.schedule({ ...timer, atMs });
  expect(await eventsUntil(fired(timer))).toEqual([fired(timer)]);
  expect(Date.now()).toBeGreaterThanOrEqual(atMs);
});

test('a timer whose time has passed fires at once', async () => {
  await stream.timers.schedule({ ...timer, atMs: Date.now() - 86_400_000 });
  expect(await eventsUntil(fired(timer))).toEqual([fired(timer)]);
});

test('a timer that was scheduled twice fires once', async () => {
  await stream.timers.schedule({ ...timer, atMs: soon() });
  await stream.timers.schedule({ ...timer, atMs: soon() });
  const last = { ...timer, generation: 2 };
  await stream.timers.schedule({ ...last, atMs: later() });
  expect(await eventsUntil(fired(last))).toEqual([fired(timer), fired(last)]);
});

test('a timer that was unscheduled does not fire, and the one in its place does', async () => {
  const inItsPlace = { ...timer, generation: 2 };
  await stream.timers.schedule({ ...timer, atMs: soon() });
  await stream.timers.schedule({ ...inItsPlace, atMs: later() });
  await stream.timers.unschedule(timer);
  await stream.timers.unschedule(timer); // Again, as after a crash.
  expect(await eventsUntil(fired(inItsPlace))).toEqual([fired(inItsPlace)]);
});

test('what an owner of long ago still does touches no newer timer', async () => {
  const newer = { ...timer, generation: 2 };
  await stream.timers.schedule({ ...newer, atMs: later() });
  await stream.timers.schedule({ ...timer, atMs: soon() });
  await stream.timers.unschedule(timer);
  expect(await eventsUntil(fired(newer))).toEqual([fired(newer)]);
});

test('purging what was processed leaves what is still to fire', async () => {
  await stream.timers.schedule({ ...timer, atMs: later() });
  const partition = partitionOf(timer, partitions);
  await stream.inbox.append(
    partition,
    [encodeEnvelope({ ...timer, event: { kind: 'read', seq: 1 } })],
    'purged',
  );
  await stream.inbox.purge(partition, await stream.inbox.newestBefore(Date.now() + 60_000));
  await stream.inbox.purge(partition, Number.MAX_SAFE_INTEGER - 1);
  expect(await eventsUntil(fired(timer))).toEqual([fired(timer)]);
});

test('timers outlive kill -9 of nats-server, those too whose time comes while it is down', async () => {
  const missed = { ...timer, generation: 2 };
  await stream.timers.schedule({ ...missed, atMs: soon() });
  await stream.timers.schedule({ ...timer, atMs: Date.now() + 3_000 });
  await nats.kill();
  await new Promise((resolve) => setTimeout(resolve, 600));
  await nats.restart();
  expect(await eventsUntil(fired(timer))).toEqual([fired(missed), fired(timer)]);
});

describe('a log that was made without timers', () => {
  let old: TestNats;
  beforeEach(async () => {
    old = await startTestNats();
  });
  afterEach(async () => {
    await old.stop();
  });

  async function makeOldLog(limits: { readonly max_bytes?: number } = {}) {
    const nc = await connectNats({ url: old.url, name: 'old', log });
    const jsm = await jetstreamManager(nc);
    const metadata = { partitions: '4' };
    await jsm.streams.add({
      name: 'INBOX',
      subjects: ['inbox.*'],
      discard: DiscardPolicy.New,
      allow_direct: true,
      metadata,
      ...limits,
    });
    await nc.close();
  }

  test('is brought up, and keeps what it has', async () => {
    await makeOldLog();
    const nc = await connectNats({ url: old.url, name: 'old', log });
    nc.publish(`inbox.${partitionOf(timer, 4)}`, JSON.stringify({ envelopes: [fired(timer)] }));
    await nc.drain();
    const before = stream;
    stream = await openStream({ url: old.url, name: 'test', partitions: 4, log });
    const next = { ...timer, generation: 2 };
    await stream.timers.schedule({ ...next, atMs: soon() });
    expect(await eventsUntil(fired(next))).toEqual([fired(timer), fired(next)]);
    await stream.close();
    stream = before;
  });

  test('is refused while it has a limit at which it would delete what is not processed', async () => {
    await makeOldLog({ max_bytes: 1_000_000 });
    await expect(openStream({ url: old.url, name: 'test', partitions: 0, log })).rejects.toThrow(
      'it has max_bytes=1000000 and would delete what is not processed',
    );
  });
});
