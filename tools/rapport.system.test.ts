import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { openStream } from '@rapport/stream/open-stream.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './gate/step.ts';
import { startRapport } from './rapport-fixture.ts';

const freePorts = { PORT_BASE: '0', GATEWAY_PORT: '0', INFERENCE_PORT: '0', NATS_PORT: '0' };
let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "rapport start's-")); // Commands that are printed quote it.
});
afterEach(async () => {
  for (const pid of await runningOn(dataDir)) process.kill(pid, 'SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

/** `npm start` as a person runs it, on free ports. */
function npmStart(settings: Readonly<Record<string, string>> = {}) {
  const child = spawn('node', [join(import.meta.dirname, 'run.js'), 'tools/rapport.ts'], {
    env: { ...process.env, ...freePorts, ...settings, DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => {
      printed += String(bytes);
    });
  }
  return { child, ended: once(child, 'close'), printed: () => printed };
}

/** Every process whose command line or environment names this data folder. */
async function runningOn(folder: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const named = pids.map(async (pid) => {
    const about = [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`].map((path) => readFile(path, 'utf8'));
    return (await Promise.allSettled(about)).some(
      (one) => one.status === 'fulfilled' && one.value.includes(folder),
    );
  });
  const found = await Promise.all(named);
  return pids.filter((_, at) => found[at]).map(Number);
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 50) {
    if (await holds()) return;
    await sleep(50);
  }
  throw new Error(`Waited 30 s until ${what}`);
}

test('npm start prints where the coach is, and SIGINT ends it leaving nothing running', async () => {
  const { child, ended, printed } = npmStart();
  await until('it runs', () => printed().includes('Ctrl-C stops everything.'));
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed())?.[0] ?? '';
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(await runningOn(dataDir)).toEqual([]);
});

test('what it writes and the NATS that it runs are closed to other users of the machine', async () => {
  await chmod(dataDir, 0o755); // As an earlier version left it.
  const rapport = await startRapport({ dataDir });
  const entries = await readdir(dataDir, { recursive: true });
  const paths = [dataDir, ...entries.map((entry) => join(dataDir, entry))];
  expect(entries).toEqual(expect.arrayContaining(['history.db', 'history.db-wal', 'log/gateway.log']));
  const modes = await Promise.all(
    paths.map(async (path) => [path, (await stat(path)).mode & 0o077] as const),
  );
  expect(modes.filter(([, others]) => others !== 0)).toEqual([]);

  const log = createLog({ name: 'test', level: 'silent' });
  const url = rapport.natsUrl.replace(/\/\/.*@/, '//');
  await expect(connectNats({ url, name: 'nobody', log })).rejects.toThrow('Cannot reach NATS');
  const { password } = new URL(rapport.natsUrl);
  const logs = entries.filter((entry) => entry.startsWith('log/')).map((entry) => join(dataDir, entry));
  for (const path of logs) expect(await readFile(path, 'utf8')).not.toContain(password);
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name)))
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).not.toContain(password);
  await rapport.stop();
});

test('the printed command makes a coach whose widget any site may embed', async () => {
  const { child, ended, printed } = npmStart();
  await until('it runs', () => printed().includes('Ctrl-C stops everything.'));
  const command = /DATA_DIR=.*npm run knowledge .*(?=\.\/pages)/.exec(
    stripVTControlCharacters(printed()),
  )?.[0];
  const pages = await mkdtemp(join(tmpdir(), 'rapport-pages-'));
  await writeFile(join(pages, 'naps.md'), '# Naps\n\nNap before three in the afternoon.');
  const { NATS_URL: _, ...env } = process.env;
  const imported = spawn('sh', ['-c', `${command}'${pages}'`], { cwd: root, env, stdio: 'ignore' });
  expect(await once(imported, 'close')).toEqual([0, null]);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed())?.[0] ?? '';
  const visitor = await fetch(`${url}/v1/visitors`, {
    method: 'POST',
    headers: { origin: 'https://www.example.com' },
    body: JSON.stringify({ creatorId: 'mine' }),
  });
  expect(visitor.status).toBe(200);
  child.kill('SIGINT');
  await ended;
  await rm(pages, { recursive: true });
});

test('it prints addresses that really listen, IPv6 too', async () => {
  const { child, ended, printed } = npmStart({ GATEWAY_HOST: '::1', INFERENCE_HOST: '::1' });
  await until('it runs', () => printed().includes('Ctrl-C stops everything.'));
  const shown = stripVTControlCharacters(printed());
  const urls = shown.match(/(?<=Talk to the coach +|Metrics +)http:\S+/g) ?? [];
  expect(urls).toEqual([expect.stringMatching(/\[::1\]:\d+\/$/), expect.stringMatching(/\/metrics$/)]);
  for (const url of urls) expect((await fetch(url)).status).toBe(200);
  expect(shown).toContain(`npm run chat -- --url '${new URL(urls[0] ?? '').origin}'`);
  child.kill('SIGINT');
  await ended;
});

test('every wrong option of a process is told', async () => {
  const { ended, printed } = npmStart({ GATEWAY_PING_MS: 'often', GATEWAY_DRAIN_MS: 'long' });
  expect(await ended).toEqual([1, null]);
  expect(printed()).toMatch(/Cannot use GATEWAY_DRAIN_MS=long: .*\nCannot use GATEWAY_PING_MS=often: /);
});

test('SIGINT while it starts ends it leaving nothing running', async () => {
  const { child, ended } = npmStart();
  await until('nats-server runs', async () => (await readdir(dataDir)).includes('nats'));
  child.kill('SIGINT');
  await ended;
  expect(await runningOn(dataDir)).toEqual([]);
});

test('after kill -9 of the supervisor everything ends, and the next start works', async () => {
  const first = npmStart();
  await until('it runs', () => first.printed().includes('Ctrl-C stops everything.'));
  const [supervisor = ''] = (await readFile(join(dataDir, 'rapport.lock'), 'utf8')).split(' ');
  process.kill(Number(supervisor), 'SIGKILL');
  await first.ended;
  await until('nothing runs', async () => (await runningOn(dataDir)).length === 0);
  const second = await startRapport({ dataDir });
  expect((await fetch(`${second.url}/readyz`)).status).toBe(200);
  await second.stop();
  expect(await runningOn(dataDir)).toEqual([]);
});

test('a second start on the same folder is refused in one sentence', async () => {
  const first = await startRapport({ dataDir });
  const second = npmStart();
  expect(await second.ended).toEqual([1, null]);
  expect(second.printed()).toMatch(/^Cannot use the data folder .* is running on it\. .*\n$/);
  await first.stop();
});

test('a damaged history is refused in one sentence that names it', async () => {
  await writeFile(join(dataDir, 'history.db'), 'This is not what it should be. '.repeat(1_000));
  const { ended, printed } = npmStart();
  expect(await ended).toEqual([1, null]);
  expect(printed()).toContain(join(dataDir, 'history.db'));
  expect(await runningOn(dataDir)).toEqual([]);
});

test.each(['gateway', 'actors', 'inference', 'nats'] as const)(
  '%s comes back on its own after kill -9',
  async (name) => {
    const rapport = await startRapport();
    const { [name]: before } = rapport.pids;
    await rapport.kill(name, 'SIGKILL');
    await rapport.up(name);
    expect(rapport.pids[name]).not.toBe(before);
    await until('it is ready', async () => (await fetch(`${rapport.url}/readyz`)).status === 200);
    await rapport.stop();
  },
);

test('restart() keeps the address', async () => {
  const rapport = await startRapport();
  const before = rapport.url;
  await rapport.restart('gateway');
  expect((await fetch(`${before}/readyz`)).status).toBe(200);
  expect(rapport.told.filter((sentence) => sentence.startsWith('gateway'))).toEqual([]);
  await rapport.stop();
});

const idleHost = /^actors(-\d)?: more actor hosts than partitions: this one waits$/;

test('a new log has two partitions for each actor host, and a host that can own none says so', async () => {
  const first = await startRapport({ actors: 1, dataDir });
  expect(await partitionsOf(first.natsUrl)).toBe(2);
  await first.stop();
  const second = await startRapport({ actors: 3, dataDir });
  expect(await partitionsOf(second.natsUrl)).toBe(2);
  await expect.poll(() => second.told).toContainEqual(expect.stringMatching(idleHost));
  await second.stop();
});

async function partitionsOf(natsUrl: string): Promise<number> {
  const log = createLog({ name: 'test', level: 'silent' });
  const stream = await openStream({ url: natsUrl, name: 'test', partitions: 0, log });
  await stream.close();
  return stream.inbox.partitions;
}
