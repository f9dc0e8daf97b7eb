import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ClientAnswer } from './client.ts';
import type { Job, Load } from './load.ts';

/** Runs the job in a process of its own, which is gone when this resolves. */
export async function loadFrom(job: Job): Promise<Load> {
  const client = await startClient(job);
  await client.stop();
  return client.load;
}

/** The same, but the process and its sockets stay until `stop`. */
export async function startClient(job: Job): Promise<{ readonly load: Load; stop(): Promise<void> }> {
  const child = fork(join(import.meta.dirname, 'client.ts'), { execArgv: [] });
  try {
    const load = await ask(child, job);
    return { load, stop: () => stop(child) };
  } catch (failure) {
    await stop(child);
    throw failure;
  }
}

async function ask(child: ChildProcess, job: Job): Promise<Load> {
  await once(child, 'message'); // Its `ready`.
  const answered = once(child, 'message');
  child.send(job);
  const [answer] = (await answered) as [ClientAnswer]; // Decoder: our own process, our own type.
  if ('failure' in answer) throw new Error(`Cannot run the load: ${answer.failure}`);
  return answer.load;
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
