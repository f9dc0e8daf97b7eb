import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { StormAnswer, StormQuestion } from './storm-client.ts';
import type { StormBack, StormCut, StormJob } from './storm-crowd.ts';

/** People of one process: far below the 20,000 files that a process may usually open. */
const connectionsPerProcess = 12_500;

/** All people of a storm, in several processes. */
export interface Crowds {
  /** Resolves when all people are back, or when the time is over. */
  back(cut: StormCut): Promise<StormBack>;
  stop(): Promise<void>;
}

/** Resolves when all people are connected. */
export async function startCrowds(job: Omit<StormJob, 'first'>): Promise<Crowds> {
  const firsts: number[] = [];
  for (let first = 0; first < job.count; first += connectionsPerProcess) firsts.push(first);
  const children = firsts.map(() => fork(join(import.meta.dirname, 'storm-client.ts'), { execArgv: [] }));
  const stop = async () => {
    await Promise.all(children.map(end));
  };
  try {
    await Promise.all(
      children.map(async (child, at) => {
        await nextMessage(child); // The process is ready.
        const first = firsts[at] ?? 0;
        const count = Math.min(connectionsPerProcess, job.count - first);
        await ask(child, { job: { ...job, first, count } });
      }),
    );
  } catch (failure) {
    await stop();
    throw failure;
  }
  return {
    back: async (cut) => {
      const answers = await Promise.all(children.map((child) => ask(child, { cut })));
      return together(answers.flatMap((answer) => ('back' in answer ? [answer.back] : [])));
    },
    stop,
  };
}

async function ask(child: ChildProcess, question: StormQuestion): Promise<StormAnswer> {
  const answered = nextMessage(child);
  child.send(question);
  return (await answered) as StormAnswer; // Decoder: our own process, our own type.
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ends = new AbortController();
  const end = () => ends.abort();
  child.once('exit', end);
  try {
    const [message] = await once(child, 'message', { signal: ends.signal });
    return message;
  } catch (failure) {
    throw new Error('Cannot go on with the storm: one of its processes has ended', { cause: failure });
  } finally {
    child.off('exit', end);
  }
}

function together(backs: readonly StormBack[]): StormBack {
  const troubles: Record<string, number> = {};
  for (const [sentence, count] of backs.flatMap((back) => Object.entries(back.troubles))) {
    troubles[sentence] = (troubles[sentence] ?? 0) + count;
  }
  return {
    backMs: backs.flatMap(({ backMs }) => backMs),
    topSeqs: backs.flatMap(({ topSeqs }) => topSeqs),
    troubles,
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}
