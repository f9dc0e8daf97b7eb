import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Fault, systemCodeOf } from '@rapport/runtime/fault.ts';
import { writePrivateFile } from '@rapport/runtime/private-file.ts';

/**
 * nats-server does not lock its store: two servers on one folder both start and damage it. So
 * `nats-server.pid` names the server and the process that started it, its starter. A server whose starter was
 * killed is ended; a server whose starter lives is left alone.
 */
interface Holder {
  readonly serverPid: number;
  readonly starterPid: number;
}

/** A leftover server ends within milliseconds; a server that takes longer is killed. */
const endWithinMs = 5_000;

export function rememberServer(dataDir: string, serverPid: number): void {
  const holder: Holder = { serverPid, starterPid: process.pid };
  writePrivateFile(join(dataDir, 'nats-server.pid'), JSON.stringify(holder));
}

/**
 * Makes sure that no nats-server works on this folder. Throws Fault `unavailable` when the starter of such a
 * server is alive.
 */
export async function endLeftover(dataDir: string, log: { warn(sentence: string): void }): Promise<void> {
  const holder = await readHolder(dataDir);
  if (holder === undefined || !(await isOurServer(holder.serverPid, dataDir))) return;
  if (isAlive(holder.starterPid)) {
    throw new Fault(
      'unavailable',
      `Cannot use ${dataDir}: nats-server (process ${holder.serverPid}) ` +
        `of process ${holder.starterPid} works on it`,
    );
  }
  log.warn(`Ending nats-server (process ${holder.serverPid}), left over from process ${holder.starterPid}.`);
  await end(holder.serverPid, dataDir);
}

async function readHolder(dataDir: string): Promise<Holder | undefined> {
  try {
    const found: unknown = JSON.parse(await readFile(join(dataDir, 'nats-server.pid'), 'utf8'));
    return isHolder(found) ? found : undefined;
  } catch {
    return undefined; // Absent, or half written by a process that was killed: then no server was ready.
  }
}

function isHolder(found: unknown): found is Holder {
  return (
    typeof found === 'object' &&
    found !== null &&
    'serverPid' in found &&
    Number.isInteger(found.serverPid) &&
    'starterPid' in found &&
    Number.isInteger(found.starterPid)
  );
}

/** Process numbers are used again: the server's command line has to name the configuration. */
async function isOurServer(pid: number, dataDir: string): Promise<boolean> {
  const command = await commandLine(pid);
  return command.includes(join(dataDir, 'nats-server.conf'));
}

async function end(pid: number, dataDir: string): Promise<void> {
  process.kill(pid, 'SIGTERM');
  for (let waitedMs = 0; await isOurServer(pid, dataDir); waitedMs += 20) {
    if (waitedMs === endWithinMs) process.kill(pid, 'SIGKILL');
    await sleep(20);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (failure) {
    return systemCodeOf(failure) === 'EPERM'; // It lives, as another user's.
  }
}

/** A process's command line; empty when there is no such process. */
async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return (await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)])).stdout;
  } catch {
    return '';
  }
}
