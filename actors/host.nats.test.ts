import { randomUUID } from 'node:crypto';
import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { creatorSchema } from '@rapport/catalog/creator.ts';
import type { MessageStore } from '@rapport/history/history.ts';
import { openMemoryHistory } from '@rapport/history/history-memory.ts';
import type { InferenceClient } from '@rapport/inference/client.ts';
import { encodeEnvelope, envelopesOf } from '@rapport/proto/batch.ts';
import type { Deliveries, Push } from '@rapport/proto/delivery.ts';
import type { Event, Said } from '@rapport/proto/envelope.ts';
import { markOf } from '@rapport/proto/id-mark.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import { openDeadLetters } from '@rapport/stream/dead-letters.ts';
import { startTestNats, type TestNats } from '@rapport/stream/nats-fixture.ts';
import { openStream, type Stream } from '@rapport/stream/open-stream.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Host } from './host.ts';
import { createMeters } from './meters.ts';
import { positionOf } from './partition/batch.ts';

const log = createLog({ name: 'test', level: 'silent' });
const partitions = 4;
const gatewayId = 'gateway-1';

let nats: TestNats;
let stream: Stream;
let history: MessageStore;
let key: { creatorId: string; userId: string };
let hosts: Host[];
const catalog = createMemoryCatalog();

/** Writes two words and then does as it is told. */
class ScriptedInference implements InferenceClient {
  asked = 0;
  mode: 'answer' | 'wait' | 'fail' = 'answer';

  async *generate(_: unknown, signal: AbortSignal) {
    this.asked += 1;
    yield { kind: 'delta' as const, text: 'Sleep ' };
    if (this.mode === 'fail') throw new Fault('model_unavailable', 'Cannot reach the model');
    if (this.mode === 'wait') await new Promise((_, reject) => signal.addEventListener('abort', reject));
    yield { kind: 'delta' as const, text: 'well.' };
  }

  async close() {}
}

beforeAll(async () => {
  nats = await startTestNats();
  stream = await openStream({ url: nats.url, name: 'test', partitions, log });
  await catalog.putCreator(creatorSchema.parse({ creatorId: 'demo', name: 'Demo' }));
});

beforeEach(() => {
  history = openMemoryHistory();
  key = { creatorId: 'demo', userId: `u-${randomUUID()}` };
  hosts = [];
  return async () => {
    await Promise.all(hosts.map((host) => host.stop()));
  };
});

afterAll(async () => {
  await stream.close();
  await nats.stop();
});

async function startHost(inference: InferenceClient, store = history, heartbeats = { arrive: true }) {
  const failures: unknown[] = [];
  const opened = await openStream({ url: nats.url, name: 'host', partitions, log });
  const { members } = opened;
  const own: Stream = {
    ...opened,
    members: {
      watch: (onChange) => members.watch(onChange),
      leave: (hostId) => members.leave(hostId),
      beat: (member, withinMs) =>
        heartbeats.arrive ? members.beat(member, withinMs) : Promise.reject(new Fault('busy', 'cut off')),
    },
  };
  const host = new Host({
    hostId: randomUUID(),
    stream: own,
    history: store,
    catalog,
    inference,
    residents: { actorsMax: 100, bytesMax: 1_048_576, idleMs: 3_600_000 },
    checkpointMs: 20,
    lease: { heartbeatMs: 50, leaseMs: 300 },
    keepMs: 3_600_000,
    clock: systemClock,
    log,
    meters: createMeters(new Metrics('test')),
    onFailure: (failure) => failures.push(failure),
  });
  hosts.push(host);
  await host.start();
  return { host, failures };
}

function said(clientSeq: number, text = 'hello'): Said {
  return { kind: 'said', deviceId: 'phone', clientSeq, id: `m-${clientSeq}`, text, channel: 'web' };
}

function append(event: Event, id: string = randomUUID()) {
  return stream.inbox.append(partitionOf(key, partitions), [encodeEnvelope({ ...key, event })], id);
}

/** Attaches as a gateway does, again and again until the owner answers, and collects what comes. */
async function attach() {
  const pushes: Push[] = [];
  const stored: string[] = [];
  const end = stream.lanes.onDeliveries(gatewayId, ({ deliveries, messages }: Deliveries) => {
    if (deliveries.some(({ userId }) => userId === key.userId)) stored.push(...messages);
    for (const delivery of deliveries) if (delivery.userId === key.userId) pushes.push(...delivery.pushes);
  });
  const control = { ...key, kind: 'attach' as const, sessionId: 's', deviceId: 'phone', sockets: 1 };
  await expect
    .poll(
      () => {
        stream.lanes.toOwner(partitionOf(key, partitions), { gatewayId, controls: [control] });
        return pushes.length;
      },
      { timeout: 5_000, interval: 100 },
    )
    .toBeGreaterThan(0);
  const frames = () => pushes.flatMap((push) => ('frame' in push ? [push.frame] : []));
  const attached = () => pushes.flatMap((push) => (push.to === 'session' ? [push.attached] : []));
  return { frames, stored, attached, end };
}

const texts = async () =>
  (await history.page(key, { afterSeq: 0, limit: 100 })).map(({ role, text }) => `${role} ${text}`);

test('a message is stored, shown, answered in pieces, and the answer is stored', async () => {
  await startHost(new ScriptedInference());
  const gateway = await attach();
  await append(said(1));
  await expect.poll(texts).toEqual(['USER hello', 'COACH Sleep well.']);
  await expect.poll(() => gateway.frames().at(-1)).toEqual({ turn: { turnId: 't1', state: 'COMPLETED' } });
  expect(gateway.stored.map((json) => JSON.parse(json))).toMatchObject([
    { message: { seq: 1, id: 'm-1', text: 'hello' } },
  ]);
  const kinds = gateway.frames().map((frame) => Object.keys(frame)[0]);
  expect(kinds.filter((kind, at) => kind !== 'delta' || kinds[at - 1] !== 'delta')).toEqual([
    'turn',
    'delta',
    'message',
    'turn',
  ]);
  gateway.end();
});

test('the answer to an attach carries the position and the answer that is being written', async () => {
  const inference = new ScriptedInference();
  inference.mode = 'wait';
  await startHost(inference);
  await append(said(1));
  await expect.poll(() => inference.asked).toBe(1);
  const gateway = await attach();
  expect(gateway.attached()[0]).toEqual({
    topSeq: 1,
    clientSeqStored: 1,
    seqs: [1],
    marks: markOf('m-1'),
    readSeq: 0,
    turn: { turnId: 't1', text: 'Sleep ' },
  });
  stream.lanes.toOwner(partitionOf(key, partitions), {
    gatewayId,
    controls: [{ ...key, kind: 'stop', turnId: 't1' }],
  });
  await expect.poll(texts).toEqual(['USER hello', 'COACH Sleep ']);
  gateway.end();
});

test('what was not checkpointed is read again and changes nothing', async () => {
  await startHost(new ScriptedInference());
  for (const n of [1, 2, 3]) await append(said(n, `text ${n}`));
  await expect.poll(async () => (await texts()).at(-1)).toBe('COACH Sleep well.');
  const before = await texts();
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
  // A host that starts from the very beginning of the log, as if no checkpoint had ever been written.
  for (let p = 0; p < partitions; p += 1) {
    const owner = await stream.owners.claim(p, '');
    if (owner !== undefined) await stream.owners.checkpoint({ ...owner, checkpoint: 0 });
  }
  await startHost(new ScriptedInference());
  const gateway = await attach();
  await append(said(4));
  await expect
    .poll(async () => (await texts()).filter((text) => text.startsWith('COACH')).length)
    .toBeGreaterThan(1);
  expect((await texts()).slice(0, before.length)).toEqual(before);
  gateway.end();
});

test('a new owner begins the answer again that the old one was writing', async () => {
  const slow = new ScriptedInference();
  slow.mode = 'wait';
  const { host } = await startHost(slow);
  await append(said(1));
  await expect.poll(() => slow.asked).toBe(1);
  const fast = new ScriptedInference();
  await startHost(fast);
  await host.stop();
  await expect.poll(texts, { timeout: 5_000 }).toEqual(['USER hello', 'COACH Sleep well.']);
  expect(fast.asked).toBe(1);
});

test('a host that does not hold its lease ends no turn until it holds it again', async () => {
  const heartbeats = { arrive: true };
  let fail = () => {};
  const inference: InferenceClient = {
    async *generate() {
      yield { kind: 'delta', text: 'Sleep ' };
      await new Promise<never>((_, reject) => {
        fail = () => reject(new Fault('model_unavailable', 'Cannot reach the model'));
      });
    },
    close: async () => {},
  };
  const { host } = await startHost(inference, history, heartbeats);
  await append(said(1));
  await expect.poll(() => host.turns).toBe(1);
  const ends: string[] = [];
  const stop = new AbortController();
  const reading = (async () => {
    for await (const { bytes } of stream.inbox.read(partitionOf(key, partitions), 0, stop.signal))
      for (const { userId, event } of envelopesOf(bytes)) if (userId === key.userId) ends.push(event.kind);
  })();
  await expect.poll(() => ends).toEqual(['said']);
  heartbeats.arrive = false;
  await new Promise((resolve) => setTimeout(resolve, 400)); // Longer than the lease.
  fail();
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(ends).toEqual(['said']);
  heartbeats.arrive = true;
  await expect.poll(() => ends, { timeout: 5_000 }).toEqual(['said', 'turn_failed']);
  stop.abort();
  await reading;
});

test('an answer that fails leaves a coded sentence', async () => {
  const inference = new ScriptedInference();
  inference.mode = 'fail';
  await startHost(inference);
  await append(said(1));
  await expect
    .poll(async () => (await history.page(key, { afterSeq: 0, limit: 9 })).at(-1))
    .toMatchObject({
      role: 'SYSTEM',
      code: 'model_unavailable',
      choices: [{ id: 'retry:t1' }],
    });
});

test('a store that refuses makes the partition wait, and nothing is lost', async () => {
  let refuse = true;
  const moody: MessageStore = {
    load: (keys) => history.load(keys),
    page: (page, range) => history.page(page, range),
    ping: () => history.ping(),
    close: () => history.close(),
    commit: (writes) =>
      refuse ? Promise.reject(new Fault('history_unavailable', 'full')) : history.commit(writes),
  };
  await startHost(new ScriptedInference(), moody);
  for (const n of [1, 2, 3]) await append(said(n, `text ${n}`));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await texts()).toEqual([]);
  refuse = false;
  await expect
    .poll(async () => (await texts()).filter((text) => text.startsWith('USER')))
    .toEqual(['USER text 1', 'USER text 2', 'USER text 3']);
});

test('an event that cannot be decided is buried and the conversation goes on', async () => {
  await startHost(new ScriptedInference());
  await append(JSON.parse('{"kind":"of a later version"}') as Event);
  await append(said(1));
  await expect.poll(texts).toEqual(['USER hello', 'COACH Sleep well.']);
});

test('a gateway that lost its detach on the way is asked again, and forgotten once it says so', async () => {
  const { host } = await startHost(new ScriptedInference());
  const gateway = await attach();
  expect(host.audience).toBe(1);
  const partition = partitionOf(key, partitions);
  let asked = 0;
  const end = stream.lanes.onDeliveries(gatewayId, ({ deliveries }) => {
    for (const { pushes } of deliveries) {
      if (pushes.length > 0) continue;
      asked += 1;
      const detach = { ...key, kind: 'detach' as const, sockets: 0 };
      stream.lanes.toOwner(partition, { gatewayId, controls: [detach] });
    }
  });
  gateway.end();
  await expect.poll(() => host.audience, { timeout: 10_000 }).toBe(0);
  expect(asked).toBeGreaterThan(0);
  end();
});

/** Stores rows that say they have folded a record which the log does not have. */
async function storeRowsAhead(people: readonly { creatorId: string; userId: string }[]): Promise<void> {
  const inSeq = positionOf((await stream.inbox.lastSequence()) + 1_000, 0);
  const row = { state: '{}', inSeq, epoch: 1, topSeq: 0, messages: [] };
  await history.commit(people.map((person) => ({ ...person, ...row })));
}

test('a row that reaches beyond the log sets its conversation aside, and no other', async () => {
  const { host, failures } = await startHost(new ScriptedInference());
  await storeRowsAhead([key]);
  const dead = await openDeadLetters(stream.nc);
  await append(said(1));
  const own = async () => (await dead.list()).filter(({ envelope }) => envelope?.userId === key.userId);
  await expect.poll(own, { timeout: 10_000 }).toMatchObject([{ reason: /reaches beyond the log/ }]);
  expect(host.rowsAhead).toBe(1);
  key = { creatorId: 'demo', userId: `u-${randomUUID()}` };
  await append(said(1));
  await expect.poll(texts, { timeout: 5_000 }).toEqual(['USER hello', 'COACH Sleep well.']);
  expect(failures).toEqual([]);
});

test('a host stops when many rows reach beyond the log', async () => {
  const people = [1, 2, 3, 4].map((at) => ({ creatorId: 'demo', userId: `${key.userId}-${at}` }));
  await storeRowsAhead(people);
  for (const person of people) {
    key = person;
    await append(said(1));
  }
  const { failures } = await startHost(new ScriptedInference());
  await expect.poll(() => String(failures[0]), { timeout: 10_000 }).toContain('It is an older log');
});

test('a host stops when the log ends before the newest checkpoint', async () => {
  const owner = await stream.owners.claim(0, 'host-before');
  const checkpoint = (await stream.inbox.lastSequence()) + 1_000;
  if (owner !== undefined) await stream.owners.checkpoint({ ...owner, checkpoint });
  const { failures } = await startHost(new ScriptedInference());
  await expect.poll(() => String(failures[0]), { timeout: 10_000 }).toContain('It is an older log');
  // The tests after this one need a checkpoint that the log has.
  const spoilt = await stream.owners.claim(0, 'test');
  if (spoilt !== undefined) await stream.owners.checkpoint({ ...spoilt, checkpoint: checkpoint - 1_000 });
});

test('a host that takes over many running answers puts what was lost into a few records', async () => {
  const { creatorId } = key;
  const people = Array.from({ length: 400 }, (_, at) => ({ creatorId, userId: `${key.userId}-${at}` }));
  const ofOne = people.filter((person) => partitionOf(person, partitions) === 0);
  const turn = { at: 'running', turnId: 't', attempt: 1, askedSeq: 1, uptoSeq: 1, configVersion: 1 };
  const state = JSON.stringify({ topSeq: 1, readSeq: 0, askedSeq: 1, answeredSeq: 0, devices: [], turn });
  await history.commit(
    ofOne.map((person) => ({ ...person, messages: [], state, inSeq: 1, epoch: 1, topSeq: 1 })),
  );
  const running = ofOne.map(({ creatorId, userId }) => `${creatorId}/${userId}`);
  const before = await stream.owners.claim(0, 'host-that-died');
  const checkpoint = await stream.inbox.lastSequence();
  if (before !== undefined) await stream.owners.checkpoint({ ...before, checkpoint, running });
  await startHost(new ScriptedInference());
  const records: number[] = [];
  const ends = new AbortController();
  for await (const { bytes } of stream.inbox.read(0, checkpoint, ends.signal)) {
    records.push(envelopesOf(bytes).filter(({ event }) => event.kind === 'turn_lost').length);
    if (records.reduce((sum, lost) => sum + lost, 0) === ofOne.length) ends.abort();
  }
  expect(ofOne.length).toBeGreaterThan(50);
  expect(records.length).toBeLessThan(5);
});
