import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@rapport/runtime/free-port.ts';

/** The redis-server on the PATH. `npm test` makes sure that there is one. */
const binary = 'redis-server';

/** A real redis-server for tests: on loopback, keeping nothing on disk, on a port that it has again later. */
export interface TestRedis {
  readonly url: string;
  /** Ends it at once, as a power cut would: what it knew is gone. */
  kill(): Promise<void>;
  /** Starts it on the same port, empty. */
  restart(): Promise<void>;
  /** Stops it: it takes connections and answers nothing. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export async function startTestRedis(): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'rapport-redis-'));
  const port = await freePort('127.0.0.1');
  let server = await start(folder, port);
  const kill = async () => {
    const exited = server.exitCode === null && server.signalCode === null ? once(server, 'exit') : undefined;
    server.kill('SIGKILL');
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    restart: async () => {
      await kill();
      server = await start(folder, port);
    },
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function start(folder: string, port: number): Promise<ChildProcess> {
  const keepsNothing = ['--save', '', '--appendonly', 'no'];
  const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder];
  const child = spawn(binary, [...where, ...keepsNothing], { stdio: ['ignore', 'pipe', 'inherit'] });
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  child.once('exit', () => process.off('exit', endWithUs));
  await once(child, 'spawn');
  for await (const printed of child.stdout) {
    if (String(printed).includes('Ready to accept connections')) break;
  }
  if (child.exitCode !== null) throw new Error(`redis-server ended with status ${child.exitCode}`);
  return child;
}
