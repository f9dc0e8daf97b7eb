import { join } from 'node:path';
import { reasonOf } from '@rapport/runtime/fault.ts';
import { gate } from './gate/gate.ts';
import { type Outcome, root, runStep } from './gate/step.ts';
import { runSuite, type Suite, suites } from './gate/suite.ts';
import { exitOnSignals } from './scratch.ts';
import { findCassandra } from './servers/cassandra-jars.ts';
import { provideChromium } from './servers/chromium.ts';
import { findNatsServer } from './servers/nats-binary.ts';
import { provideRedis } from './servers/redis-server.ts';

/** In CI a suite that cannot run has failed; elsewhere it is left out, and that is said. */
const mustRunAll = process.env.CI === 'true';

/** What a suite needs beside Node; each throws a sentence when it is not there and cannot be got. */
const needs: Readonly<Record<Suite, readonly (() => Promise<unknown>)[]>> = {
  unit: [],
  nats: [provideNats],
  browser: [provideNats, provideChromium],
  redis: [provideNats, provideRedis],
  cassandra: [provideNats, provideCassandra],
  system: [provideNats],
};

/** Where a server that is not there is fetched into. */
const fetching = {
  toolsDir: join(root, '.tools'),
  log: { info: (sentence: string) => console.log(sentence) },
};

exitOnSignals();

// `npm test`: everything that can be tested on this machine. The last line sums it up.
const outcomes: Outcome[] = [];
for (const step of gate) outcomes.push(await runStep(step));
for (const suite of suites) {
  const missing = await missingFor(suite);
  if (missing === undefined) outcomes.push(await runSuite(suite));
  else if (mustRunAll) outcomes.push(await runStep(impossible(suite, missing)));
  else console.log(`left out ${suite} tests: ${missing}`);
}
const passed = sum(outcomes.map((outcome) => outcome.passed));
const failed = sum(outcomes.map((outcome) => outcome.failed));
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function missingFor(suite: Suite): Promise<string | undefined> {
  try {
    for (const provide of needs[suite]) await provide();
    return undefined;
  } catch (failure) {
    return reasonOf(failure);
  }
}

async function provideNats(): Promise<void> {
  await findNatsServer(fetching);
}

async function provideCassandra(): Promise<void> {
  await findCassandra(fetching);
}

function impossible(suite: Suite, missing: string) {
  return { name: `${suite} tests`, run: () => Promise.reject(new Error(missing)) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
