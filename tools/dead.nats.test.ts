import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { envelopesOf } from '@rapport/proto/batch.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { openDeadLetters } from '@rapport/stream/dead-letters.ts';
import { startTestNats, type TestNats } from '@rapport/stream/nats-fixture.ts';
import { openStream, type Stream } from '@rapport/stream/open-stream.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeNatsUrl } from './nats-url-file.ts';

const log = createLog({ name: 'dead-test', level: 'silent' });
let nats: TestNats;
let stream: Stream;

beforeEach(async () => {
  nats = await startTestNats();
  stream = await openStream({ url: nats.url, name: 'test', partitions: 4, log });
  return async () => {
    await stream.close();
    await nats.stop();
  };
});

const ann: Envelope = { creatorId: 'demo', userId: 'ann', event: { kind: 'read', seq: 7 } };
const bob: Envelope = { ...ann, userId: 'bob' };

function bury(what: Envelope | string, reason: string): Promise<void> {
  const body = typeof what === 'string' ? what : JSON.stringify(what);
  const partition = typeof what === 'string' ? 0 : partitionOf(what, 4);
  return stream.inbox.bury({ partition, bytes: Buffer.from(body), reason });
}

async function runWith(env: Readonly<Record<string, string>>, ...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'dead.ts'), ...args], {
    env: { ...process.env, NATS_URL: '', NODE_NO_WARNINGS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [out, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { out, errors, status };
}

const run = (...args: string[]) => runWith({ NATS_URL: nats.url }, ...args);

/** What the log has in that person's partition, which has something. */
async function logged(one: Envelope): Promise<readonly Envelope[]> {
  const ends = new AbortController();
  const seen: Envelope[] = [];
  for await (const record of stream.inbox.read(partitionOf(one, 4), 0, ends.signal)) {
    seen.push(...envelopesOf(record.bytes));
    if (record.pending === 0) ends.abort();
  }
  return seen;
}

describe('npm run dead', () => {
  it('lists what there is, with whose it is and why', async () => {
    expect((await run('list')).out).toBe('There are no dead letters.\n');
    await bury(ann, 'the stored state is damaged');
    await bury('not an event', 'not a batch');
    const [first, second] = (await run('list')).out.split('\n');
    expect(first).toMatch(/^1 {2}\d{4}-.* read of demo\/ann {2}the stored state is damaged$/);
    expect(second).toMatch(/^2 {2}.* partition 0 {2}12 bytes of nobody {2}not a batch$/);
    const rows = (await run('list', '--json')).out.trim().split('\n');
    expect(rows.map((row) => JSON.parse(row))).toMatchObject([
      { sequence: 1, creatorId: 'demo', userId: 'ann', kind: 'read', partition: partitionOf(ann, 4) },
      { sequence: 2, partition: 0, reason: 'not a batch' },
    ]);
  });

  it('shows one with what is in it', async () => {
    await bury(ann, 'why');
    expect((await run('show', '1')).out).toContain('"seq": 7');
    expect(JSON.parse((await run('show', '1', '--json')).out)).toMatchObject({ reason: 'why', body: ann });
    expect(await run('show', '9')).toEqual({
      out: '',
      errors: 'Cannot show 9: there is no dead letter of that number\n',
      status: 1,
    });
  });

  it('replays one into its own partition and deletes the letter', async () => {
    await bury(bob, 'why');
    await bury(ann, 'why');
    expect((await run('replay', '2')).out).toMatch(/demo\/ann {2}why: replayed\n$/);
    expect(await logged(ann)).toEqual([ann]);
    expect((await run('list')).out).toMatch(/^1 .*demo\/bob.*\n$/);
    expect((await run('replay', '2')).status).toBe(1);
  });

  it('replays all that can be, and says what can not', async () => {
    await bury(ann, 'why');
    await bury('not an event', 'not a batch');
    await bury(bob, 'why');
    const replayed = await run('replay', '--all', '--json');
    expect(replayed.out.trim().split('\n')).toHaveLength(2);
    expect(replayed).toMatchObject({
      status: 1,
      errors: 'Cannot replay 2: it is not an event; show prints what it is\n',
    });
    expect(await logged(ann)).toEqual([ann, bob]); // In their order: they share a partition.
    expect((await run('list')).out).toMatch(/^2 .*\n$/);
  });

  it('adds nothing to the log when it is tried again before the letter was deleted', async () => {
    await bury(ann, 'why');
    const dead = await openDeadLetters(stream.nc);
    const [letter] = await dead.list();
    if (letter === undefined) throw new Error('there should be a letter');
    await dead.replay({ ...letter, envelope: ann });
    await dead.replay({ ...letter, envelope: ann }).catch(() => undefined); // The letter is gone already.
    expect(await logged(ann)).toEqual([ann]);
  });
});

describe('npm run dead, told where', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'rapport-dead-'));
  });
  afterEach(async () => {
    await rm(dataDir, { recursive: true });
  });

  it('finds the Rapport that runs on the data folder, and says when there is none', async () => {
    expect((await runWith({ DATA_DIR: dataDir }, 'list')).errors).toBe(
      `Rapport is not running on ${dataDir}; start it with npm start, or set NATS_URL\n`,
    );
    writeNatsUrl(dataDir, nats.url);
    expect(await runWith({ DATA_DIR: dataDir }, 'list')).toMatchObject({ status: 0, errors: '' });
  });

  it('says in one sentence what it can not do', async () => {
    expect((await run('show', 'x')).errors).toMatch(/^Cannot show x: .*\n$/);
    expect((await run('replay')).errors).toMatch(/^Cannot replay \(nothing\): .*\n$/);
    expect((await run('bury')).errors).toMatch(/^Cannot tell what to do with "bury": .*\n$/);
    expect(await run('--help')).toMatchObject({ status: 0, out: expect.stringContaining('NATS_URL') });
  });
});
