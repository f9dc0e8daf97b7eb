import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { jetstream } from '@nats-io/jetstream';
import { encodeEnvelope, envelopesOf } from '@rapport/proto/batch.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LogRecord } from './inbox.ts';
import { firstSequence } from './inbox-stream.ts';
import { startTestNats } from './nats-fixture.ts';
import { openStream, type Stream } from './open-stream.ts';
import type { Owner } from './owners.ts';

const log = createLog({ name: 'test', level: 'silent' });
let nats: Awaited<ReturnType<typeof startTestNats>>;
let stream: Stream;

beforeAll(async () => {
  nats = await startTestNats();
  stream = await openStream({ url: nats.url, name: 'test', partitions: 4, log });
});

afterAll(async () => {
  await stream.close();
  await nats.stop();
});

const envelope = (seq: number): Envelope => ({
  creatorId: 'demo',
  userId: 'ann',
  event: { kind: 'read', seq },
});

function append(partition: number, envelopes: readonly Envelope[], appendId: string): Promise<void> {
  return stream.inbox.append(partition, envelopes.map(encodeEnvelope), appendId);
}

/** Reads until `count` records came. */
async function take(partition: number, after: number, count: number): Promise<LogRecord[]> {
  const ends = new AbortController();
  const records: LogRecord[] = [];
  for await (const record of stream.inbox.read(partition, after, ends.signal)) {
    records.push(record);
    if (records.length === count) ends.abort();
  }
  return records;
}

test('read() gives what was appended, in order, from any record on', async () => {
  for (const seq of [1, 2, 3]) await append(0, [envelope(seq), envelope(seq + 10)], `order-${seq}`);
  const records = await take(0, 0, 3);
  expect(records.map((record) => envelopesOf(record.bytes))).toEqual(
    [1, 2, 3].map((seq) => [envelope(seq), envelope(seq + 10)]),
  );
  const rest = await take(0, records[0]?.sequence ?? 0, 2);
  expect(rest.map(({ sequence }) => sequence)).toEqual(records.slice(1).map(({ sequence }) => sequence));
});

test('append() with an id that was used before adds nothing', async () => {
  await append(1, [envelope(1)], 'twice');
  await append(1, [envelope(1)], 'twice');
  await append(1, [envelope(2)], 'once');
  expect((await take(1, 0, 2)).map((record) => envelopesOf(record.bytes))).toEqual([
    [envelope(1)],
    [envelope(2)],
  ]);
});

test('append() of a record that the server never takes is refused at once, not tried again', async () => {
  const beganMs = performance.now();
  const tooLarge = stream.inbox.append(1, ['x'.repeat(1_100_000)], 'too-large');
  await expect(tooLarge).rejects.toMatchObject({ code: 'bad_request', retry: 'never' });
  expect(performance.now() - beganMs).toBeLessThan(450); // Five tries wait half a second between them.
});

test('append() and read() heal after nats-server is killed and started again', async () => {
  await append(2, [envelope(1)], 'before');
  const reading = take(2, 0, 3);
  await nats.kill();
  const appending = append(2, [envelope(2)], 'during');
  await nats.restart();
  await appending;
  await append(2, [envelope(3)], 'after');
  expect((await reading).map((record) => envelopesOf(record.bytes))).toEqual([
    [envelope(1)],
    [envelope(2)],
    [envelope(3)],
  ]);
});

test('read() ends whenever it is told to, also while its consumer is being made', async () => {
  const reading = async (afterMs: number) => {
    const stop = new AbortController();
    const read = (async () => {
      for await (const _ of stream.inbox.read(7, 0, stop.signal)) return 'a record';
      return 'ended';
    })();
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    stop.abort();
    return await read;
  };
  const ends = await Promise.all(Array.from({ length: 40 }, (_, at) => reading(at / 4)));
  expect(new Set(ends)).toEqual(new Set(['ended']));
});

test('purge() removes what lies behind and nothing else', async () => {
  for (const seq of [1, 2, 3]) await append(3, [envelope(seq)], `purge-${seq}`);
  const [, second] = await take(3, 0, 3);
  await stream.inbox.purge(3, second?.sequence ?? 0);
  const [left] = await take(3, 0, 1);
  expect(left && envelopesOf(left.bytes)).toEqual([envelope(3)]);
});

test('newestBefore() tells what is older than a time', async () => {
  await append(3, [envelope(8)], 'older');
  const [older] = (await take(3, 0, 2)).slice(-1);
  const timeMs = Math.ceil((older?.timeUs ?? 0) / 1_000) + 20;
  await new Promise((resolve) => setTimeout(resolve, 40));
  await append(0, [envelope(9)], 'newer');
  expect(await stream.inbox.newestBefore(timeMs)).toBe(older?.sequence);
});

test('a log that is made later begins above every position of one made before', async () => {
  const [first] = await take(0, 0, 1);
  expect(first?.sequence).toBeGreaterThan(firstSequence(Date.now() - 3_600_000) + 3_600 * 1_000);
});

test('a process that is told no number takes the one that the log was made with', async () => {
  const other = await openStream({ url: nats.url, name: 'other', partitions: 0, log });
  expect(other.inbox.partitions).toBe(4);
  await other.close();
});

test('a process that counts other partitions than the log was made with is refused', async () => {
  await expect(openStream({ url: nats.url, name: 'other', partitions: 8, log })).rejects.toThrow(
    'PARTITIONS=8',
  );
});

async function claimed({ owners }: Stream, hostId: string): Promise<Owner> {
  const owner = await owners.claim(0, hostId);
  if (owner === undefined) throw new Error('Cannot claim: somebody was faster');
  return owner;
}

test('claim() fences the owner before: its checkpoint is refused, the new one goes on there', async () => {
  const first = await claimed(stream, 'host-a');
  expect(await stream.owners.checkpoint({ ...first, checkpoint: 7, running: ['demo/ann'] })).toBe(true);
  const other = await openStream({ url: nats.url, name: 'other', partitions: 4, log });
  const second = await claimed(other, 'host-b');
  expect(second).toMatchObject({
    hostId: 'host-b',
    epoch: first.epoch + 1,
    checkpoint: 7,
    running: ['demo/ann'],
  });
  expect(await stream.owners.checkpoint({ ...first, checkpoint: 8 })).toBe(false);
  expect(await other.owners.checkpoint({ ...second, checkpoint: 9 })).toBe(true);
  await other.close();
});

test('claim() of two at once lets one have it, and mayTake is asked about the owner before', async () => {
  const other = await openStream({ url: nats.url, name: 'other', partitions: 4, log });
  const nobodys = () => false; // Asked about an owner there is already, when one of the two comes late.
  const both = await Promise.all([
    stream.owners.claim(2, 'host-a', nobodys),
    other.owners.claim(2, 'host-b', nobodys),
  ]);
  const [owner, ...more] = both.filter((one) => one !== undefined);
  expect(more).toEqual([]);
  const asked: Owner[] = [];
  const refuse = (before: Owner) => asked.push(before) === 0;
  expect(await stream.owners.claim(2, 'host-c', refuse)).toBeUndefined();
  expect(asked).toEqual([owner]);
  await other.close();
});

test('checkpoint() with an empty host lets go, also when the answer to a write before was lost', async () => {
  const owner = await claimed(stream, 'host-a');
  // Another connection of the same owner, which does not know the revision of its own last write.
  const other = await openStream({ url: nats.url, name: 'other', partitions: 4, log });
  expect(await other.owners.checkpoint({ ...owner, checkpoint: 11 })).toBe(true);
  expect(await stream.owners.checkpoint({ ...owner, hostId: '', checkpoint: 12 })).toBe(true);
  expect(await other.owners.checkpoint({ ...owner, checkpoint: 13 })).toBe(false);
  expect(await other.owners.claim(0, 'host-b')).toMatchObject({ epoch: owner.epoch + 1, checkpoint: 12 });
  await other.close();
});

test('members are told of each heartbeat and of who leaves, also after nats-server was killed', async () => {
  const heard: string[] = [];
  const end = await stream.members.watch(({ hostId, beat }) => heard.push(`${hostId}:${beat}`));
  await stream.members.beat({ hostId: 'm-1', beat: 1, leaving: false }, 1_000);
  await expect.poll(() => heard).toEqual(['m-1:1']);
  await nats.kill();
  await nats.restart();
  let beat = 1;
  const beatAgain = async () => {
    beat += 1;
    return await stream.members.beat({ hostId: 'm-1', beat, leaving: false }, 1_000).then(
      () => true,
      () => false,
    );
  };
  await expect.poll(beatAgain, { timeout: 5_000 }).toBe(true);
  await expect.poll(() => heard.at(-1)).toBe(`m-1:${beat}`);
  await stream.members.leave('m-1');
  await expect.poll(() => heard.at(-1)).toBe('m-1:0');
  end();
});

test('watch() tells of owners there are and of each change', async () => {
  const seen: string[] = [];
  const end = await stream.owners.watch((owner) => seen.push(`${owner.partition}:${owner.hostId}`));
  await stream.owners.claim(1, 'host-c');
  await expect.poll(() => seen).toContain('1:host-c');
  end();
});

test('an entry that nobody can read is passed over, and those after it are told', async () => {
  const heard: string[] = [];
  const end = await stream.members.watch(({ hostId }) => heard.push(hostId));
  const js = jetstream(stream.nc);
  await js.publish('$KV.members.stranger', 'not what a member writes');
  await stream.members.beat({ hostId: 'm-after', beat: 1, leaving: false }, 1_000);
  await expect.poll(() => heard).toContain('m-after');
  expect(heard).not.toContain('stranger');
  await stream.members.leave('stranger');
  end();
});

test('pulse() tells a gateway that is gone from one that is there', async () => {
  const heartbeat = { hostId: 'host-a', number: 1, deliveries: [], messages: [] };
  const heard: unknown[] = [];
  const end = stream.lanes.onDeliveries('here', (deliveries) => heard.push(deliveries));
  expect(await stream.lanes.pulse('here', heartbeat)).toBe(true);
  expect(heard).toEqual([heartbeat]);
  end();
  expect(await stream.lanes.pulse('nowhere', heartbeat)).toBe(false);
});

test('lanes pass over what cannot be read, and hand on what comes after it', async () => {
  const heard: unknown[] = [];
  const endDeliveries = stream.lanes.onDeliveries('lenient', ({ number }) => heard.push(number));
  const endControls = stream.lanes.onControls(3, ({ gatewayId }) => heard.push(gatewayId));
  for (const subject of ['gateway.lenient', 'control.3']) {
    stream.nc.publish(subject, 'no JSON');
    stream.nc.publish(subject, 'null');
  }
  await stream.nc.flush();
  stream.lanes.toOwner(3, { gatewayId: 'g', controls: [] });
  stream.lanes.toGateway('lenient', { hostId: 'h', number: 7, deliveries: [], messages: [] });
  await expect.poll(() => heard.toSorted()).toEqual([7, 'g']);
  endDeliveries();
  endControls();
});

test('claim() and checkpoint() keep what a newer host has added to an owner', async () => {
  const js = jetstream(stream.nc);
  const before = {
    partition: 3,
    hostId: '',
    epoch: 4,
    checkpoint: 5,
    running: [],
    more: 'of a later version',
  };
  await js.publish('$KV.owners.3', JSON.stringify(before));
  const owner = await stream.owners.claim(3, 'host-a');
  expect(owner).toMatchObject({ hostId: 'host-a', epoch: 5, more: 'of a later version' });
  expect(owner && (await stream.owners.checkpoint({ ...owner, checkpoint: 6 }))).toBe(true);
  expect(await stream.owners.claim(3, 'host-b')).toMatchObject({ checkpoint: 6, more: 'of a later version' });
});

test('a member to which a newer host has added something is heard like any other', async () => {
  const heard: string[] = [];
  const end = await stream.members.watch(({ hostId, beat }) => heard.push(`${hostId}:${beat}`));
  const newer = { hostId: 'm-newer', beat: 3, leaving: false, more: 'of a later version' };
  await jetstream(stream.nc).publish('$KV.members.m-newer', JSON.stringify(newer));
  await expect.poll(() => heard).toContain('m-newer:3');
  await stream.members.leave('m-newer');
  end();
});

test('close() ends although the server is gone', async () => {
  const gone = await startTestNats();
  const left = await openStream({ url: gone.url, name: 'left', partitions: 4, log });
  await gone.kill();
  await left.close();
  await gone.stop();
});

test('a process whose stream is closed ends at once', async () => {
  const script = `
    import { createLog } from ${JSON.stringify(join(import.meta.dirname, '../runtime/log.ts'))};
    import { openStream } from ${JSON.stringify(join(import.meta.dirname, 'open-stream.ts'))};
    const log = createLog({ name: 'test', level: 'silent' });
    const stream = await openStream({ url: '${nats.url}', name: 'short', partitions: 0, log });
    await stream.close();
    const closedMs = performance.now();
    process.on('exit', () => process.stdout.write(String(performance.now() - closedMs)));
  `;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(Number(stdout)).toBeLessThan(1_000);
});
