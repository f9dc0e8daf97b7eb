import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { encodeEnvelope, envelopesOf } from '@rapport/proto/batch.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { testBinary } from '@rapport/stream/nats-fixture.ts';
import { openStream, type Stream } from '@rapport/stream/open-stream.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type NatsCluster, startNatsCluster } from './nats-cluster.ts';

const log = createLog({ name: 'cluster', level: 'silent' });
const quiet = { info: () => {}, warn: () => {}, error: () => {} };
let dataDir: string;
let cluster: NatsCluster;
let stream: Stream;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rapport-cluster-'));
  cluster = await startNatsCluster({ binary: await testBinary(), dataDir, size: 3, log: quiet });
  const url = cluster.urls.join(',');
  stream = await openStream({ url, name: 'test', partitions: 2, replicas: 3, log });
});

afterEach(async () => {
  await stream.close();
  await cluster.stop();
  await rm(dataDir, { recursive: true, force: true });
});

function envelope(text: string): Envelope {
  const said = { kind: 'said', deviceId: 'd', clientSeq: 1, id: text, text, channel: 'web' } as const;
  return { creatorId: 'c', userId: 'u', event: said };
}

test('everything that a process makes has a copy on each of three servers', async () => {
  await stream.members.beat({ hostId: 'h', beat: 1, leaving: false }, 1_000);
  const jsm = await jetstreamManager(stream.nc);
  const copies: Record<string, number> = {};
  for await (const { config } of jsm.streams.list()) copies[config.name] = config.num_replicas;
  expect(copies).toEqual({ INBOX: 3, DEAD: 3, KV_owners: 3, KV_members: 3 });
});

test('no server of a cluster takes a client without the password', async () => {
  for (const url of cluster.urls.map((one) => one.replace(/\/\/.*@/, '//'))) {
    await expect(connectNats({ url, name: 'nobody', log })).rejects.toThrow('Cannot reach NATS at');
  }
});

test('the log outlives kill -9 of its leader, and of the next one', { timeout: 60_000 }, async () => {
  const texts: string[] = [];
  const append = async (text: string) => {
    await stream.inbox.append(1, [encodeEnvelope(envelope(text))], text);
    texts.push(text);
  };
  await append('before');
  for (const round of ['first', 'second']) {
    const leader = await cluster.leaderOf('INBOX');
    expect(leader).toBeTypeOf('number');
    await cluster.end(leader ?? 0, 'killed');
    await expect.poll(() => append(round).then(() => true, String), { timeout: 20_000 }).toBe(true);
    await cluster.start(leader ?? 0);
  }
  const read: string[] = [];
  const ends = new AbortController();
  for await (const { bytes, pending } of stream.inbox.read(1, 0, ends.signal)) {
    for (const { event } of envelopesOf(bytes)) if (event.kind === 'said') read.push(event.text);
    if (pending === 0) ends.abort();
  }
  expect(read).toEqual(texts);
});

test('readers and watches go on when any server leaves in order', { timeout: 60_000 }, async () => {
  const ends = new AbortController();
  const read = new Set<string>();
  const readAll = async (partition: number) => {
    for await (const { bytes } of stream.inbox.read(partition, 0, ends.signal))
      for (const { event } of envelopesOf(bytes)) if (event.kind === 'said') read.add(event.text);
  };
  const reading = [readAll(0), readAll(1)];
  const owners = new Set<string>();
  let beat = 0;
  let heard = 0;
  const unwatch = [
    await stream.owners.watch(({ hostId }) => owners.add(hostId)),
    await stream.members.watch((member) => {
      heard = member.beat;
    }),
  ];
  for (const server of [0, 1, 2]) {
    await cluster.end(server, 'in order');
    const hostId = `h-${server}`;
    for (const partition of [0, 1]) {
      await stream.inbox.append(
        partition,
        [encodeEnvelope(envelope(`${hostId}-${partition}`))],
        `${hostId}-${partition}`,
      );
    }
    const heardAfter = heard;
    // What waits for the server that left waits for ten seconds and more.
    const seen = async () => {
      beat += 1;
      if (!owners.has(hostId)) await stream.owners.claim(0, hostId).catch(() => undefined);
      await stream.members.beat({ hostId: 'h', beat, leaving: false }, 1_000).catch(() => undefined);
      const records = read.has(`${hostId}-0`) && read.has(`${hostId}-1`);
      return { records, owner: owners.has(hostId), beat: heard > heardAfter };
    };
    await expect.poll(seen, { timeout: 4_000 }).toEqual({ records: true, owner: true, beat: true });
    await cluster.start(server);
  }
  ends.abort();
  for (const end of unwatch) end();
  await Promise.all(reading);
});
