import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { closeDataDir } from './close-data-dir.ts';
import { takeDataDir } from './data-dir.ts';

/** Root may become any user. */
const isRootOnLinux = process.getuid?.() === 0 && process.platform === 'linux';
const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const;

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
  const file = join(dir, 'file');
  await writeFile(file, '');
  expect(() => takeDataDir(file)).toThrow(
    `Cannot write to the data folder ${file}: it is a file, and should be a folder (option DATA_DIR)`,
  );
  expect(() => takeDataDir(join(file, 'data'))).toThrow(
    `Cannot write to the data folder ${join(file, 'data')}: a folder cannot be made there (option DATA_DIR)`,
  );
});

test.runIf(process.platform === 'linux')('a folder that a file system never makes is refused at once', () => {
  expect(() => takeDataDir('/proc/rapport-test')).toThrow(
    '/proc/rapport-test: a folder cannot be made there',
  );
});

/** Runs a program that takes the folder, as another user or with less to write; resolves with its error. */
function refusalOf(folder: string, ...wrapper: string[]): string {
  const script = `
    import { takeDataDir } from ${JSON.stringify(join(import.meta.dirname, 'data-dir.ts'))};
    try { takeDataDir(${JSON.stringify(folder)}); } catch (failure) { console.log(failure.message); }
  `;
  const [command = '', ...args] = [...wrapper, process.execPath, '--input-type=module', '-e', script];
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

test.runIf(isRootOnLinux)('a data folder that this user may not write to is refused by name', async () => {
  await chmod(dir, 0o755);
  expect(refusalOf(dir, ...asNobody)).toBe(
    `Cannot write to the data folder ${dir}: user nobody may not write there (option DATA_DIR)\n`,
  );
});

const canMount = process.platform === 'linux' && spawnSync('unshare', ['-rm', 'true']).status === 0;

test.runIf(canMount)('a full disk is named', () => {
  // A file system of one page, which the folder itself takes.
  const fill = `mount -t tmpfs -o size=4k,mode=0700 tmpfs '${dir}' && head -c 4096 /dev/zero > '${dir}/all'`;
  const full = `${fill} && exec "$@"`;
  expect(refusalOf(dir, 'unshare', '-rm', 'sh', '-c', full, 'sh')).toBe(
    `Cannot write to the data folder ${dir}: the disk is full (option DATA_DIR)\n`,
  );
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

test.runIf(isRootOnLinux)('another user can read nothing in a closed data folder', async () => {
  await makeOpen();
  const [setpriv = '', ...nobody] = asNobody;
  const read = (...command: string[]) =>
    execFileSync(setpriv, [...nobody, ...command], { encoding: 'utf8', stdio: 'pipe' });
  expect(read('cat', join(dir, 'history.db'))).toBe('secret');
  closeDataDir(dir, () => {});
  for (const name of ['history.db', 'nats-url', 'log/actors.log'])
    expect(() => read('cat', join(dir, name))).toThrow('Permission denied');
  expect(() => read('ls', dir)).toThrow('Permission denied');
});
