import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Fault } from '@rapport/runtime/fault.ts';

/**
 * Takes a data folder for this process; returns what gives it back. Throws Fault `unavailable`, with one
 * sentence, when it cannot be written or another process has it. What a killed process left is taken over.
 */
export function takeDataDir(dataDir: string): () => void {
  makeWritable(dataDir);
  const lock = join(dataDir, 'rapport.lock');
  const holder = readIfThere(lock);
  const [holderPid = ''] = holder.split(' ');
  if (holder !== '' && holder === identity(Number(holderPid))) {
    throw new Fault(
      'unavailable',
      `Cannot use the data folder ${dataDir}: Rapport (process ${holderPid}) is running on it. ` +
        'Stop that one, or set DATA_DIR to another folder.',
    );
  }
  rmSync(lock, { force: true });
  writeFileSync(lock, identity(process.pid), { flag: 'wx', mode: 0o600 });
  return () => rmSync(lock, { force: true });
}

function makeWritable(dataDir: string): void {
  try {
    makeFolder(dataDir);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (failure) {
    throw new Fault('unavailable', `Cannot write to the data folder ${dataDir} (option DATA_DIR)`, failure);
  }
}

/**
 * Makes a folder that only this user can enter. Node's own `recursive` tries for ever where a file system
 * refuses a folder with ENOENT, as /proc does.
 */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // Nobody has the folder.
  }
}

/** A process and when it began: process numbers are given again. Empty when there is no such process. */
function identity(pid: number): string {
  try {
    // Field 22 of /proc/<pid>/stat; the command's name, field 2, may hold spaces but ends with the last
    // bracket.
    const started =
      process.platform === 'linux'
        ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19]
        : execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return `${pid} ${started}`;
  } catch {
    return '';
  }
}
