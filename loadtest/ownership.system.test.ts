import { setTimeout as sleep } from 'node:timers/promises';
import { createLog } from '@rapport/runtime/log.ts';
import { openStream, type Stream } from '@rapport/stream/open-stream.ts';
import type { Owner } from '@rapport/stream/owners.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Crowd, startCrowd } from './crowd-fixture.ts';

const log = createLog({ name: 'ownership', level: 'silent' });
let rapport: TestRapport;
let stream: Stream;
let owners: Owner[];
let endWatch: () => void;
let crowd: Crowd;
let ends: AbortController;

beforeAll(async () => {
  rapport = await startRapport({ actors: 3, gateways: 2, env: { GATEWAY_SAYS_PER_WINDOW_MAX: '1000000' } });
  stream = await openStream({ url: rapport.natsUrl, name: 'ownership', partitions: 0, log });
  owners = [];
  endWatch = await stream.owners.watch((owner) => {
    owners[owner.partition] = owner;
  });
});

afterAll(async () => {
  endWatch();
  await stream.close();
  await rapport.stop();
});

beforeEach(async () => {
  ends = new AbortController();
  crowd = await startCrowd(rapport, { count: 24, everyMs: 25, signal: ends.signal });
  await sleep(500);
});

afterEach(async () => {
  ends.abort();
  await crowd.close();
});

/** Partitions of each process, by its name without the suffix that every start makes anew. */
function shares(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { hostId } of owners) {
    const name = hostId.replace(/-[0-9a-f]{8}$/, '');
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

async function shared(...names: string[]): Promise<void> {
  const balanced = () => {
    const counts = Object.entries(shares());
    const fewest = Math.floor(owners.length / names.length);
    return (
      counts.length === names.length &&
      counts.every(([name, count]) => names.includes(name) && count >= fewest)
    );
  };
  await expect.poll(balanced, { timeout: 20_000, message: `shared by ${names}` }).toBe(true);
}

async function settled(): Promise<void> {
  ends.abort();
  await crowd.settle();
}

test('kill -9 of each actor host: others take over, it comes back, every message is kept once, in order', {
  timeout: 120_000,
}, async () => {
  for (const name of ['actors', 'actors-2', 'actors-3'] as const) {
    await rapport.kill(name, 'SIGKILL');
    await rapport.up(name);
    await shared('actors', 'actors-2', 'actors-3');
  }
  await settled();
});

test('a host that was stopped beyond its lease does no harm when it goes on, and gets its share again', {
  timeout: 120_000,
}, async () => {
  const pid = rapport.pids['actors-2'];
  await rapport.kill('actors-2', 'SIGSTOP');
  await shared('actors', 'actors-3');
  await sleep(500);
  await rapport.kill('actors-2', 'SIGCONT');
  await shared('actors', 'actors-2', 'actors-3');
  expect(rapport.pids['actors-2']).toBe(pid);
  await settled();
});

test('hosts are added and removed while people talk', { timeout: 120_000 }, async () => {
  await rapport.add('actors-4');
  await shared('actors', 'actors-2', 'actors-3', 'actors-4');
  await rapport.remove('actors');
  await shared('actors-2', 'actors-3', 'actors-4');
  await rapport.remove('actors-4');
  await shared('actors-2', 'actors-3');
  await rapport.add('actors');
  await shared('actors', 'actors-2', 'actors-3');
  await settled();
});

test('kill -9 of one of two gateways: its people go on at the other', { timeout: 120_000 }, async () => {
  await rapport.kill('gateway', 'SIGKILL');
  await sleep(500);
  await rapport.kill('gateway-2', 'SIGKILL');
  await rapport.up('gateway');
  await rapport.up('gateway-2');
  await settled();
});

test('kill -9 of nats-server and of a host at once', { timeout: 120_000 }, async () => {
  await Promise.all([rapport.kill('nats', 'SIGKILL'), rapport.kill('actors-3', 'SIGKILL')]);
  await Promise.all([rapport.up('nats'), rapport.up('actors-3')]);
  await shared('actors', 'actors-2', 'actors-3');
  await settled();
});
