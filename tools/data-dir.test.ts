import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeDataDir } from './close-data-dir.ts';
import { takeDataDir } from './data-dir.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rapport-data-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('a data folder is taken by one at a time', () => {
  const giveBack = takeDataDir(dir);
  expect(() => takeDataDir(dir)).toThrow(`Rapport (process ${process.pid}) is running on it`);
  giveBack();
  takeDataDir(dir)();
});

test('a folder of a killed process is taken over', async () => {
  const program = `
    import { takeDataDir } from ${JSON.stringify(join(import.meta.dirname, 'data-dir.ts'))};
    takeDataDir(${JSON.stringify(dir)});
    console.log('taken');
    setInterval(() => {}, 1000);
  `;
  const other = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(createInterface(other.stdout), 'line');
  expect(() => takeDataDir(dir)).toThrow(`process ${other.pid}`);
  other.kill('SIGKILL');
  await once(other, 'close');
  takeDataDir(dir)();
});

test('a data folder that cannot be made is refused by name', async () => {
  await writeFile(join(dir, 'file'), '');
  const inside = join(dir, 'file', 'data');
  expect(() => takeDataDir(inside)).toThrow(`Cannot write to the data folder ${inside} (option DATA_DIR)`);
});

test.runIf(process.platform === 'linux')('a folder that a file system never makes is refused at once', () => {
  expect(() => takeDataDir('/proc/rapport-test')).toThrow('/proc/rapport-test');
});

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

/** Makes what an earlier version left, with its permissions. */
async function makeOpen(): Promise<void> {
  await mkdir(join(dir, 'log'), { mode: 0o755 });
  for (const name of ['history.db', 'history.db-wal', 'nats-url', 'log/actors.log']) {
    await writeFile(join(dir, name), 'secret', { mode: 0o644 });
    await chmod(join(dir, name), 0o644);
  }
  await chmod(dir, 0o755);
}

test('a data folder that is made is closed to other users', async () => {
  const made = join(dir, 'deep', 'data');
  takeDataDir(made)();
  expect(await modeOf(made)).toBe('700');
});

test('closeDataDir() closes what was open and says so once', async () => {
  await makeOpen();
  const told: string[] = [];
  const giveBack = takeDataDir(dir);
  for (const _ of [1, 2]) closeDataDir(dir, (sentence) => told.push(sentence));
  giveBack();
  expect(told).toEqual([`Closed ${dir} to other users of this machine: they could read what people write.`]);
  expect(await modeOf(dir)).toBe('700');
  expect(await modeOf(join(dir, 'log'))).toBe('700');
  for (const name of ['history.db', 'history.db-wal', 'nats-url', 'log/actors.log'])
    expect(await modeOf(join(dir, name))).toBe('600');
});

test('closeDataDir() leaves a folder open that holds other things too', async () => {
  await makeOpen();
  await writeFile(join(dir, 'photo.jpg'), '', { mode: 0o644 });
  closeDataDir(dir, () => {});
  expect(await modeOf(dir)).toBe('755');
  expect(await modeOf(join(dir, 'photo.jpg'))).toBe('644');
  expect(await modeOf(join(dir, 'history.db'))).toBe('600');
});

test.runIf(process.getuid?.() === 0 && process.platform === 'linux')(
  'another user of the machine can read nothing in a closed data folder',
  async () => {
    await makeOpen();
    const asNobody = (...command: string[]) =>
      execFileSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...command], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
    expect(asNobody('cat', join(dir, 'history.db'))).toBe('secret');
    closeDataDir(dir, () => {});
    for (const name of ['history.db', 'nats-url', 'log/actors.log'])
      expect(() => asNobody('cat', join(dir, name))).toThrow('Permission denied');
    expect(() => asNobody('ls', dir)).toThrow('Permission denied');
  },
);
