import { runService } from '@rapport/runtime/service.ts';
import { type StormBack, StormCrowd, type StormCut, type StormJob } from './storm-crowd.ts';

export type StormQuestion = { readonly job: StormJob } | { readonly cut: StormCut };
export type StormAnswer = { readonly there: number } | { readonly back: StormBack };

// Runs a crowd in a process of its own, because a process has 20,000 file descriptors at most. It connects
// its
// people and reports; then it is told of the cut, waits until they are back, and reports again.
await runService(async () => {
  const crowd = new StormCrowd();
  process.on('message', (question: StormQuestion) => void answer(crowd, question));
  return { ready: {}, stop: async () => process.exit(0) };
});

/** A failure ends the process, which the parent sees. */
async function answer(crowd: StormCrowd, question: StormQuestion): Promise<void> {
  const reply: StormAnswer =
    'job' in question
      ? { there: await crowd.gather(question.job) }
      : { back: await crowd.back(question.cut) };
  process.send?.(reply);
}
