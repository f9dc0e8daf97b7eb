import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { Fault, reasonOf, systemCodeOf } from '@rapport/runtime/fault.ts';

/**
 * Takes a data folder for this process; returns the function that gives it back. Throws Fault `unavailable`,
 * with one sentence, when it cannot be written or another process has it. The folder of a killed process is
 * taken over.
 */
export function takeDataDir(dataDir: string): () => void {
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
  try {
    makeFolder(dataDir);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    rmSync(lock, { force: true });
    writeFileSync(lock, identity(process.pid), { flag: 'wx', mode: 0o600 });
  } catch (failure) {
    throw dataDirFault(dataDir, failure);
  }
  return () => rmSync(lock, { force: true });
}

function dataDirFault(dataDir: string, failure: unknown): Fault {
  const sentence = (why: string) =>
    new Fault('unavailable', `Cannot write to the data folder ${dataDir}: ${why} (option DATA_DIR)`);
  if (existsSync(dataDir) && !statSync(dataDir).isDirectory())
    return sentence('it is a file, and should be a folder');
  switch (systemCodeOf(failure)) {
    case 'ENOTDIR':
    case 'ENOENT':
      return sentence('a folder cannot be made there');
    case 'EACCES':
    case 'EPERM':
      return sentence(`user ${userInfo().username} may not write there`);
    case 'ENOSPC':
    case 'EDQUOT':
      return sentence('the disk is full');
    case 'EROFS':
      return sentence('its disk is read-only');
    default:
      return sentence(reasonOf(failure));
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
    return ''; // The file is not there: no process has the folder.
  }
}

/** A process's number and its start, because numbers are used again. Empty when there is no such process. */
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
