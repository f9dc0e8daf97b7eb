import { runService } from '@rapport/runtime/service.ts';
import { type Job, type Load, runLoad } from './load.ts';

/** The answer of this process to a job, over its IPC channel. */
export type ClientAnswer = { readonly load: Load } | { readonly failure: string };

// The load generator as a process of its own. It takes one job after the other over its IPC channel and
// answers each with the measured load.
await runService(async () => {
  process.on('message', (job: Job) => void answer(job)); // answer() reports its own failures.
  return { ready: {}, stop: async () => process.exit(0) };
});

async function answer(job: Job): Promise<void> {
  const send = (message: ClientAnswer) => process.send?.(message);
  try {
    send({ load: await runLoad(job) });
  } catch (failure) {
    send({ failure: String(failure) });
  }
}
