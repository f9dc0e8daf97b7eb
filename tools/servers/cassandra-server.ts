import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { endWithUs } from '@rapport/runtime/end-with-us.ts';
import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import { type CassandraSettings, prepareCassandra } from './cassandra-settings.ts';

/** A Cassandra of one server, on loopback, that this process started and ends: for developers and tests. */
export interface CassandraServer {
  readonly pid: number;
  /** Resolves when the server has ended, for any reason. */
  readonly ended: Promise<unknown>;
  /** Ends the server in order; resolves when it is gone. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

export interface CassandraServerOptions extends CassandraSettings {
  /** From `findCassandra`. */
  readonly jars: string;
  /** Gets the server's own lines. */
  readonly log: (line: string) => void;
}

/** A start takes about eight seconds; replaying a large commit log takes longer. */
const readyWithinMs = 120_000;
/** A server that does not end in order by then is killed. */
const stopWithinMs = 10_000;

/** HISTORY_URL for a keyspace of a server that was started here. */
export function cassandraUrl(port: number, keyspace: string): string {
  return `cassandra://127.0.0.1:${port}/${keyspace}?dc=datacenter1&replication=1`;
}

/** Resolves when it takes clients. Throws Fault `unavailable` with one sentence when it does not come up. */
export async function startCassandra(options: CassandraServerOptions): Promise<CassandraServer> {
  const dataDir = resolve(options.dataDir);
  const args = await prepareCassandra(options.jars, { ...options, dataDir });
  // A process group of its own: Ctrl-C in a terminal reaches this process, which ends the server last.
  const child = spawn('java', [...args], { cwd: dataDir, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  endWithUs(child);
  const ended = once(child, 'close').catch(() => {}); // readiness() tells why it could not be spawned.
  await readiness(child, options);
  return {
    pid: child.pid ?? 0,
    ended,
    kill: (signal) => void child.kill(signal),
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
      await ended;
      clearTimeout(late);
    },
  };
}

/** Follows the server's lines until it takes clients; throws what stopped it. */
async function readiness(child: ChildProcess, { port, log }: CassandraServerOptions): Promise<void> {
  const { promise, resolve: ready, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error(`not ready within ${readyWithinMs} ms`)), readyWithinMs);
  let last = '';
  const follow = (line: string) => {
    log(line);
    if (/ERROR|Exception|^Error/.test(line)) last = line;
    if (line.endsWith('Startup complete')) ready();
  };
  if (child.stdout !== null) createInterface(child.stdout).on('line', follow);
  if (child.stderr !== null) createInterface(child.stderr).on('line', follow);
  child.once('error', reject);
  child.once('close', (code) => reject(new Error(last === '' ? `it ended with status ${code}` : last)));
  try {
    await promise;
  } catch (failure) {
    child.kill('SIGKILL');
    throw new Fault('unavailable', `Cannot start Cassandra on port ${port}: ${reasonOf(failure)}`);
  } finally {
    clearTimeout(late);
  }
}
