import { availableParallelism } from 'node:os';

/**
 * The tests whose file has the same suffix: `x.nats.test.ts` is of the suite `nats`, `x.test.ts` of `unit`.
 * Each suite is a project of Vitest (vitest.config.ts).
 */
export interface Suite {
  /** Files that run side by side, each in a process of its own. */
  readonly filesAtOnceMax: number;
  /** A file that takes longer hangs: hang-guard-fixture.ts ends it, and the suite has failed. */
  readonly fileWithinMs: number;
  /** For a test or hook that names no limit of its own. */
  readonly testWithinMs: number;
}

/** Most files of these suites wait for servers to start and for leases to run out, and use little CPU. */
const waiting: Suite = { filesAtOnceMax: 3, fileWithinMs: 240_000, testWithinMs: 60_000 };

export const suites = {
  /** Needs nothing. Files share processes: starting one for each took longer than the tests do. */
  unit: { filesAtOnceMax: availableParallelism(), fileWithinMs: 60_000, testWithinMs: 10_000 },
  nats: waiting,
  browser: waiting,
  redis: waiting,
  cassandra: waiting,
  /** Needs the whole of Rapport, and passes while other files use the machine, too. */
  system: waiting,
  /** Needs the whole of Rapport and the machine for itself, because it measures time, load or memory. */
  alone: { filesAtOnceMax: 1, fileWithinMs: 300_000, testWithinMs: 60_000 },
} as const satisfies Readonly<Record<string, Suite>>;

export type SuiteName = keyof typeof suites;

/** `unit` takes what has no other suite's suffix. */
export const suffixes = Object.keys(suites).filter((name) => name !== 'unit');
