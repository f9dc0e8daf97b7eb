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

/** Several times what the longest file takes on two quiet cores: CI's are shared. */
const fileWithinMs = 480_000;
const testWithinMs = 60_000;

/** Most files of these suites wait for servers to start and for leases to run out, and use little CPU. */
const waiting: Suite = { filesAtOnceMax: 2, fileWithinMs, testWithinMs };

export const suites = {
  /** Needs nothing. Files share processes: starting one for each took longer than the tests do. */
  unit: { filesAtOnceMax: availableParallelism(), fileWithinMs: 120_000, testWithinMs: 10_000 },
  nats: waiting,
  browser: waiting,
  redis: waiting,
  /** Each file starts a Cassandra, which takes both cores for ten seconds. */
  cassandra: { ...waiting, filesAtOnceMax: 1 },
  /** Needs the whole of Rapport, and passes while other files use the machine, too. */
  system: { ...waiting, filesAtOnceMax: 3 },
  /** Needs the whole of Rapport and the machine for itself, because it measures time, load or memory. */
  alone: { filesAtOnceMax: 1, fileWithinMs, testWithinMs },
} as const satisfies Readonly<Record<string, Suite>>;

export type SuiteName = keyof typeof suites;

/** `unit` takes what has no other suite's suffix. */
export const suffixes = Object.keys(suites).filter((name) => name !== 'unit');

/**
 * The files that take longest, in this order: they start first, so that none of them is left to run by itself
 * at the end of its suite.
 */
export const longestFiles: readonly string[] = [
  'simulation/simulate.system.test.ts',
  'loadtest/chaos/chaos.system.test.ts',
  'tools/rapport.system.test.ts',
  'loadtest/survival.system.test.ts',
  'tools/servers/nats-cluster.nats.test.ts',
  'catalog/catalog-cluster.nats.test.ts',
];
