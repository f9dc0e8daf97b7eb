import { randomUUID } from 'node:crypto';
import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { creatorSchema } from '@rapport/catalog/creator.ts';
import type { MessageStore } from '@rapport/history/history.ts';
import { openMemoryHistory } from '@rapport/history/history-memory.ts';
import type { InferenceClient } from '@rapport/inference/client.ts';
import { encodeEnvelope } from '@rapport/proto/batch.ts';
import type { Said } from '@rapport/proto/envelope.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import { startTestNats, type TestNats } from '@rapport/stream/nats-fixture.ts';
import { openStream, type Stream } from '@rapport/stream/open-stream.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Host } from '../host.ts';
import { createMeters } from '../meters.ts';

const log = createLog({ name: 'test', level: 'silent' });
const partitions = 6;
const lease = { heartbeatMs: 50, leaseMs: 300 };
const nobodyAnswers: InferenceClient = {
  // biome-ignore lint/correctness/useYield: people answer here, so nobody asks it.
  async *generate() {
    throw new Error('Cannot answer');
  },
  async close() {},
};

/** A commit as the store got it. */
interface Committed {
  readonly hostId: string;
  readonly partition: number;
  readonly epoch: number;
}

interface TestHost {
  readonly hostId: string;
  readonly host: Host;
  readonly stream: Stream;
  /** Cuts it off from the members and owners; the log and the store it still has. */
  cut(): void;
  /** Ends that; what changed meanwhile it hears a lease later. */
  heal(): Promise<void>;
}

let nats: TestNats;
let stream: Stream;
let history: MessageStore;
let commits: Committed[];
let hosts: TestHost[];
const catalog = createMemoryCatalog();

beforeEach(async () => {
  nats = await startTestNats();
  stream = await openStream({ url: nats.url, name: 'test', partitions, log });
  history = openMemoryHistory();
  commits = [];
  hosts = [];
  await catalog.putCreator(creatorSchema.parse({ creatorId: 'quiet', name: 'Quiet', answering: 'people' }));
});

afterEach(async () => {
  await Promise.all(hosts.map(stop));
  await stream.close();
  await nats.stop();
});

async function stop({ host, stream: own }: TestHost): Promise<void> {
  await host.stop();
  await own.close();
}

async function startHost(profile = lease): Promise<TestHost> {
  const hostId = randomUUID();
  const own = await openStream({ url: nats.url, name: hostId, partitions, log });
  const cutting = cuttable(own);
  const host = new Host({
    hostId,
    lease: profile,
    stream: { ...own, ...cutting.stream },
    history: watched(hostId),
    catalog,
    inference: nobodyAnswers,
    residents: { actorsMax: 1_000, bytesMax: 16_777_216, idleMs: 3_600_000 },
    checkpointMs: 20,
    keepMs: 3_600_000,
    clock: systemClock,
    log,
    meters: createMeters(new Metrics('test')),
    onFailure: (failure) => expect(failure).toBeUndefined(),
  });
  const started: TestHost = { hostId, host, stream: own, cut: cutting.cut, heal: cutting.heal };
  hosts.push(started);
  await host.start();
  return started;
}

/** The tables by which a host learns what it owns, with a switch that cuts the host off from them. */
function cuttable({ members, owners }: Pick<Stream, 'members' | 'owners'>) {
  let isCut = false;
  const missed: (() => void)[] = [];
  const unlessCut = <T>(ask: () => Promise<T>) => (isCut ? Promise.reject(new Error('cut off')) : ask());
  const stream: Pick<Stream, 'members' | 'owners'> = {
    members: {
      watch: (onChange) => members.watch(onChange),
      beat: (member, withinMs) => unlessCut(() => members.beat(member, withinMs)),
      leave: (hostId) => members.leave(hostId),
    },
    owners: {
      watch: (onChange) =>
        owners.watch((owner) => (isCut ? missed.push(() => onChange(owner)) : onChange(owner))),
      claim: (partition, hostId, mayTake) => unlessCut(() => owners.claim(partition, hostId, mayTake)),
      checkpoint: (owner) => unlessCut(() => owners.checkpoint(owner)),
    },
  };
  const cut = () => {
    isCut = true;
  };
  const heal = async () => {
    isCut = false;
    await systemClock.sleep(lease.leaseMs);
    for (const hear of missed.splice(0)) hear();
  };
  return { stream, cut, heal };
}

/** The history that all share, and who wrote what into it. */
function watched(hostId: string): MessageStore {
  return {
    load: (keys) => history.load(keys),
    page: (key, range) => history.page(key, range),
    ping: () => history.ping(),
    close: () => history.close(),
    commit: async (writes) => {
      for (const write of writes) {
        commits.push({ hostId, partition: partitionOf(write, partitions), epoch: write.epoch });
      }
      await history.commit(writes);
    },
  };
}

/** One person for each partition. */
const people: readonly ConversationKey[] = Array.from({ length: partitions }, (_, partition) => {
  for (let at = 0; ; at += 1) {
    const key = { creatorId: 'quiet', userId: `u-${at}` };
    if (partitionOf(key, partitions) === partition) return key;
  }
});

/** Everyone says numbered messages until the signal aborts; resolves with how many each said. */
async function talk(signal: AbortSignal): Promise<number> {
  let count = 0;
  while (!signal.aborted) {
    count += 1;
    await Promise.all(people.map((key) => append(key, count)));
    await systemClock.sleep(5);
  }
  return count;
}

async function append(key: ConversationKey, clientSeq: number): Promise<void> {
  const text = `text ${clientSeq}`;
  const event: Said = {
    kind: 'said',
    deviceId: 'phone',
    clientSeq,
    id: `m-${clientSeq}`,
    text,
    channel: 'web',
  };
  const appendId = `${conversationName(key)}/${clientSeq}`;
  await stream.inbox.append(partitionOf(key, partitions), [encodeEnvelope({ ...key, event })], appendId);
}

/** Nothing lost, doubled or out of order. */
async function whole(count: number): Promise<void> {
  const wanted = Array.from({ length: count }, (_, at) => `${at + 1} text ${at + 1}`);
  for (const key of people) {
    const texts = async () =>
      (await history.page(key, { afterSeq: 0, limit: 10_000 })).map(({ seq, text }) => `${seq} ${text}`);
    await expect.poll(texts, { timeout: 10_000 }).toEqual(wanted);
  }
}

/** No older owner goes on with work that a newer owner began. */
function neverGoesBack(): void {
  for (let partition = 0; partition < partitions; partition += 1) {
    const epochs = commits.filter((commit) => commit.partition === partition).map(({ epoch }) => epoch);
    expect(epochs).toEqual([...epochs].sort((a, b) => a - b));
  }
}

const owned = (...some: TestHost[]) => some.map(({ host }) => host.partitions.length);

test('hosts that come and go share the partitions, and every message is kept once, in order', async () => {
  const ends = new AbortController();
  const first = await startHost();
  expect(owned(first)).toEqual([partitions]);
  const talking = talk(ends.signal);
  const second = await startHost();
  await expect.poll(() => owned(first, second)).toEqual([3, 3]);
  const third = await startHost();
  await expect.poll(() => owned(first, second, third)).toEqual([2, 2, 2]);
  await stop(first);
  hosts = [second, third];
  await expect.poll(() => owned(second, third)).toEqual([3, 3]);
  await stop(second);
  hosts = [third];
  await expect.poll(() => owned(third)).toEqual([partitions]);
  ends.abort();
  await whole(await talking);
  neverGoesBack();
});

test('a planned hand-over waits for no lease', async () => {
  const long = { heartbeatMs: 50, leaseMs: 3_600_000 };
  const first = await startHost(long);
  const second = await startHost(long);
  await expect.poll(() => owned(first, second)).toEqual([3, 3]);
  await stop(first);
  hosts = [second];
  await expect.poll(() => owned(second), { timeout: 10_000 }).toEqual([partitions]);
});

test('a host that cannot show that it lives commits nothing once another may, and comes back', async () => {
  const first = await startHost();
  const second = await startHost();
  await expect.poll(() => owned(first, second)).toEqual([3, 3]);
  const ends = new AbortController();
  const talking = talk(ends.signal);
  await systemClock.sleep(100);
  first.cut();
  await expect.poll(() => owned(second), { timeout: 5_000 }).toEqual([partitions]);
  await systemClock.sleep(200);
  const byFirst = commits.filter(({ hostId }) => hostId === first.hostId).length;
  await systemClock.sleep(200);
  expect(commits.filter(({ hostId }) => hostId === first.hostId).length).toBe(byFirst);
  expect(byFirst).toBeGreaterThan(0);
  await first.heal();
  await expect.poll(() => owned(first, second), { timeout: 5_000 }).toEqual([3, 3]);
  ends.abort();
  await whole(await talking);
  neverGoesBack();
});

test('a nats-server that was killed moves no partition', async () => {
  const first = await startHost();
  const second = await startHost();
  await expect.poll(() => owned(first, second)).toEqual([3, 3]);
  const epochs = () => [first, second].map(({ host }) => host.partitions.map((one) => host.epochOf(one)));
  const before = epochs();
  await nats.kill();
  await systemClock.sleep(lease.leaseMs * 2);
  await nats.restart();
  const ends = new AbortController();
  const talking = talk(ends.signal);
  await systemClock.sleep(lease.leaseMs * 3);
  ends.abort();
  await whole(await talking);
  expect(epochs()).toEqual(before);
});
