import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ClientAnswer } from './client.ts';
import type { Job, Load } from './load.ts';

/** Runs a job and returns the measured load. The sockets stay open as long as the client's process lives. */
export type Client = (job: Job) => Promise<Load>;

export function loadFrom(job: Job): Promise<Load> {
  return withClient((client) => client(job));
}

/** Calls `use` with a client that is a process of its own. The process has ended when this resolves. */
export async function withClient<T>(use: (client: Client) => Promise<T>): Promise<T> {
  const child = fork(join(import.meta.dirname, 'client.ts'), { execArgv: [] });
  try {
    await heard(child); // Its `ready`.
    return await use((job) => ask(child, job));
  } finally {
    await stop(child);
  }
}

async function ask(child: ChildProcess, job: Job): Promise<Load> {
  const answered = heard(child);
  child.send(job);
  const answer = (await answered) as ClientAnswer; // Our own process sends no other type.
  if ('failure' in answer) throw new Error(`Cannot run the load: ${answer.failure}`);
  return answer.load;
}

async function heard(child: ChildProcess): Promise<unknown> {
  const gone = once(child, 'exit').then(() => {
    throw new Error('The load client ended before its job did');
  });
  const [message] = await Promise.race([once(child, 'message'), gone]);
  return message;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
