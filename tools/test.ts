import { join } from 'node:path';
import { readArguments } from '@rapport/runtime/arguments.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import { checks } from './gate/checks.ts';
import { type Job, runStages, type Stage } from './gate/stages.ts';
import { type Outcome, root, runStep } from './gate/step.ts';
import { runSuite } from './gate/suite.ts';
import type { SuiteName } from './gate/suites.ts';
import { exitOnSignals } from './scratch.ts';
import { findCassandra } from './servers/cassandra-jars.ts';
import { findNatsServer } from './servers/nats-binary.ts';
import { provideProgram } from './servers/system-program.ts';

const use = `npm test

Everything that can be tested on this machine: the checks of \`npm run check\`, then every suite of tests
against real servers. A suite whose server is not here and cannot be fetched is left out, which is printed;
with CI=true it has failed. The last line sums all of it up.
`;

/** In CI a suite that cannot run has failed; elsewhere it is left out, which is printed. */
const mustRunAll = process.env.CI === 'true';

/** Where a server that is not on this machine is fetched into. */
const fetching = {
  toolsDir: join(root, '.tools'),
  log: { info: (sentence: string) => console.log(sentence) },
};

// Two suites that start at once need the same server: it is fetched once.
const nats = once(() => findNatsServer(fetching));
const chromium = once(() =>
  provideProgram({ name: 'Chromium', command: '/usr/bin/chromium', debian: 'chromium' }),
);
const redis = once(() =>
  provideProgram({ name: 'redis-server', command: 'redis-server', debian: 'redis-server' }),
);
const cassandra = once(() => findCassandra(fetching));

/** What a suite needs beside Node; each throws a sentence when it is not here and cannot be fetched. */
const needs: Readonly<Record<SuiteName, readonly (() => Promise<unknown>)[]>> = {
  unit: [],
  nats: [nats],
  browser: [nats, chromium],
  redis: [nats, redis],
  cassandra: [nats, cassandra],
  system: [nats],
  alone: [nats],
};

/**
 * Two cores hold two queues: while one suite waits for servers and leases, the other computes. What measures
 * comes last and alone.
 */
const stages: readonly Stage[] = [
  [checks.map((step) => () => runStep(step)), [suite('unit')]],
  [[suite('nats'), suite('browser'), suite('redis'), suite('cassandra')], [suite('system')]],
  [[suite('alone')]],
];

readArguments({ help: use, options: {} });
exitOnSignals();
process.exitCode = await runStages(stages);

function suite(name: SuiteName): Job {
  return async () => {
    const missing = await missingFor(name);
    if (missing === undefined) return await runSuite(name);
    if (mustRunAll) {
      return await runStep({ name: `${name} tests`, run: () => Promise.reject(new Error(missing)) });
    }
    console.log(`left out ${name} tests: ${missing}`);
    return leftOut(name);
  };
}

async function missingFor(name: SuiteName): Promise<string | undefined> {
  try {
    for (const provide of needs[name]) await provide();
    return undefined;
  } catch (failure) {
    return reasonOf(failure);
  }
}

function leftOut(name: SuiteName): Outcome {
  return { name: `${name} tests`, passed: 0, failed: 0, seconds: 0, output: '' };
}

/** The same promise for every caller. */
function once<T>(provide: () => Promise<T>): () => Promise<T> {
  let provided: Promise<T> | undefined;
  return () => {
    provided ??= provide();
    return provided;
  };
}
