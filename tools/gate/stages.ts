import type { Outcome } from './step.ts';

/** Runs something, prints its line and says how it went. */
export type Job = () => Promise<Outcome>;

/** The queues of a stage run side by side, the jobs of a queue one after the other. */
export type Stage = readonly (readonly Job[])[];

/** Runs the stages one after the other, prints the closing line and returns the status to exit with. */
export async function runStages(stages: readonly Stage[]): Promise<0 | 1> {
  const outcomes: Outcome[] = [];
  for (const queues of stages) outcomes.push(...(await Promise.all(queues.map(runQueue))).flat());
  const passed = sum(outcomes.map((outcome) => outcome.passed));
  const failed = sum(outcomes.map((outcome) => outcome.failed));
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function runQueue(jobs: readonly Job[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const job of jobs) outcomes.push(await job());
  return outcomes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
