import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { testBinary } from '@rapport/stream/nats-fixture.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startNatsServer } from './embedded-server.ts';

const lines: string[] = [];
const note = (sentence: string) => void lines.push(sentence);
const log = { info: note, warn: note, error: note };
let dataDir = '';
let binary = '';

beforeEach(async () => {
  lines.length = 0;
  binary = await testBinary();
  dataDir = await mkdtemp(join(tmpdir(), 'rapport-embedded-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function appendOne(url: string, subject: string): Promise<number> {
  const nc = await connect({ servers: url });
  const manager = await jetstreamManager(nc);
  await manager.streams.add({ name: 'kept', subjects: ['kept.>'] });
  const { seq } = await jetstream(nc).publish(subject, 'hello');
  await nc.close();
  return seq;
}

test('startNatsServer() resolves with the address of a server that takes appends', async () => {
  const server = await startNatsServer({ binary, dataDir, log });
  expect(await appendOne(server.url, 'kept.1')).toBe(1);
  await server.stop();
  expect(await server.ended).toEqual({ asked: true });
  expect(lines).toContain('Server is ready');
});

test('an append survives kill() and is there on the next start', async () => {
  const first = await startNatsServer({ binary, dataDir, log });
  await appendOne(first.url, 'kept.1');
  first.kill();
  await first.ended;
  const second = await startNatsServer({ binary, dataDir, log });
  expect(await appendOne(second.url, 'kept.2')).toBe(2);
  await second.stop();
});

test('a port in use is refused in one sentence that names it', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(startNatsServer({ binary, dataDir, port, log })).rejects.toThrow(
    `Cannot start nats-server: port ${port} is in use by another process`,
  );
  taken.close();
});

test('a store that is not a folder is refused in one sentence that names it', async () => {
  await writeFile(join(dataDir, 'jetstream'), 'not a folder');
  await expect(startNatsServer({ binary, dataDir, log })).rejects.toThrow(
    `Cannot write to ${dataDir}, where nats-server keeps its streams`,
  );
});

test('a store with a damaged stream is refused, and not begun anew', async () => {
  const first = await startNatsServer({ binary, dataDir, log });
  await appendOne(first.url, 'kept.1');
  await first.stop();
  const damaged = join(dataDir, 'jetstream', 'jetstream', '$G', 'streams', 'kept', 'meta.inf');
  await writeFile(damaged, 'not what it was');
  await expect(startNatsServer({ binary, dataDir, log })).rejects.toThrow(
    `Cannot use the streams in ${dataDir}, which are damaged`,
  );
});

test('a second start on the same folder is refused while the first one lives', async () => {
  const first = await startNatsServer({ binary, dataDir, log });
  await expect(startNatsServer({ binary, dataDir, log })).rejects.toThrow(
    `nats-server (process ${first.pid}) of process ${process.pid} works on it`,
  );
  await first.stop();
});

test('a server ends when its starter is killed', async () => {
  const orphan = await startAndDie({ PATH: process.env.PATH });
  await expect.poll(() => takesClients(orphan.url), { timeout: 5_000 }).toBe(false);
});

test('a server orphaned by kill -9 of its starter is ended by the next start', async () => {
  const orphan = await startAndDie({ PATH: '' }); // No shell that would end it before.
  const server = await startNatsServer({ binary, dataDir, log });
  expect(lines.some((line) => line.startsWith(`Ending nats-server (process ${orphan.pid})`))).toBe(true);
  expect(await takesClients(orphan.url)).toBe(false);
  await server.stop();
});

async function takesClients(url: string): Promise<boolean> {
  try {
    const nc = await connect({ servers: url, reconnect: false });
    await nc.close();
    return true;
  } catch {
    return false;
  }
}

/** Starts a server from another process, kills that with SIGKILL, and returns the orphan. */
async function startAndDie(env: NodeJS.ProcessEnv): Promise<{ readonly pid: number; readonly url: string }> {
  const script = `
    import { startNatsServer } from ${JSON.stringify(join(import.meta.dirname, 'embedded-server.ts'))};
    const log = { info() {}, warn() {}, error() {} };
    const server = await startNatsServer({ ...${JSON.stringify({ binary, dataDir })}, log });
    console.log(server.pid, server.url);
  `;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(starter.stdout), 'line');
  starter.kill('SIGKILL');
  await once(starter, 'close');
  const [pid, url = ''] = String(line).split(' ');
  return { pid: Number(pid), url };
}
