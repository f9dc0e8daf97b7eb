import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { testBinary } from '@rapport/stream/nats-fixture.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startNatsServer } from './embedded-server.ts';

const lines: string[] = [];
const note = (sentence: string) => void lines.push(sentence);
const log = { info: note, warn: note, error: note };
const quiet = createLog({ name: 'embedded', level: 'silent' });
let dataDir = '';
let binary = '';

beforeEach(async () => {
  lines.length = 0;
  binary = await testBinary();
  dataDir = await mkdtemp(join(tmpdir(), 'rapport-embedded-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function appendOne(url: string, subject: string): Promise<number> {
  const nc = await connectNats({ url, name: 'test', log: quiet });
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

test('a client without the password is refused, in a sentence that does not show what it tried', async () => {
  const server = await startNatsServer({ binary, dataDir, log });
  const address = `nats://127.0.0.1:${server.port}`;
  for (const login of ['', 'rapport:wrong@', 'token@']) {
    const url = address.replace('//', `//${login}`);
    const refused = new RegExp(`^Cannot reach NATS at ${address}$`);
    await expect(connectNats({ url, name: 'test', log: quiet })).rejects.toThrow(refused);
  }
  await server.stop();
});

test('only its user can read the password, and it is on no command line', async () => {
  const first = await startNatsServer({ binary, dataDir, log });
  const { password } = new URL(first.url);
  expect(password).toMatch(/^[0-9a-f]{48}$/);
  const files = ['password', 'nats-server.conf'].map((name) => join(dataDir, name));
  for (const file of files) {
    expect(await readFile(file, 'utf8')).toContain(password);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  }
  if (process.platform === 'linux')
    expect(await readFile(`/proc/${first.pid}/cmdline`, 'utf8')).not.toContain(password);
  await first.stop();
  const second = await startNatsServer({ binary, dataDir, log });
  expect(new URL(second.url).password).toBe(password);
  await second.stop();
  for (const file of files) await chmod(file, 0o644);
  const third = await startNatsServer({ binary, dataDir, log });
  expect(new URL(third.url).password).not.toBe(password); // Others may have read it.
  for (const file of files) expect((await stat(file)).mode & 0o777).toBe(0o600);
  await third.stop();
});

test('a process whose password is not taken any more ends with the reason', async () => {
  const first = await startNatsServer({ binary, dataDir, log });
  const script = `
    import { connectNats } from '@rapport/stream/connect.ts';
    import { createLog } from '@rapport/runtime/log.ts';
    const log = createLog({ name: 'test', level: 'silent' });
    await connectNats({ url: ${JSON.stringify(first.url)}, name: 'test', log });
    console.log('connected');
  `;
  const client = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(client, 'close');
  const said = text(client.stderr);
  await once(createInterface(client.stdout), 'line');
  await first.stop();
  const second = await startNatsServer({ binary, dataDir, log, port: first.port, password: 'another' });
  expect((await ended)[0]).toBe(1);
  expect(await said).toContain('Cannot go on with NATS');
  await second.stop();
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
  const socket = createConnection(Number(new URL(url).port), '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
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
