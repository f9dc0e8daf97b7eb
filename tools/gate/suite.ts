import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeScratch } from '../scratch.ts';
import { type Outcome, program, report } from './step.ts';

/** What the suites need, in the order of how soon they fail; see vitest.config.ts. */
export const suites = ['unit', 'nats', 'browser', 'redis', 'cassandra', 'system'] as const;
export type Suite = (typeof suites)[number];

/** Runs one of Vitest's projects and prints its line. A suite without tests has failed. */
export async function runSuite(suite: Suite): Promise<Outcome> {
  const scratch = await makeScratch('suite');
  const startedMs = performance.now();
  const results = join(scratch.path, 'results.json');
  const output = await vitest(suite, results);
  const counted = countTests(await read(results));
  await scratch.remove();
  const seconds = (performance.now() - startedMs) / 1_000;
  const outcome: Outcome = { name: `${suite} tests (${counted.passed} passed)`, ...counted, seconds, output };
  report(outcome);
  return outcome;
}

async function vitest(suite: Suite, results: string): Promise<string> {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  try {
    return await program('vitest', ['run', '--project', suite, ...reporters], { env: { NO_COLOR: '1' } });
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure); // The results say what failed.
  }
}

async function read(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined; // Vitest did not get as far as that: the suite has failed.
  }
}

/**
 * Reads Vitest's JSON report. What failed outside any test (a file that does not load, a stray rejection, no
 * test at all) counts as one failure.
 */
export function countTests(results: unknown): { readonly passed: number; readonly failed: number } {
  const numbers = isReport(results) ? results : { numPassedTests: 0, numFailedTests: 0, success: false };
  const { numPassedTests: passed, numFailedTests: failed, success } = numbers;
  const silentFailure = failed === 0 && (!success || passed === 0);
  return { passed, failed: silentFailure ? 1 : failed };
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly success: boolean;
}

function isReport(found: unknown): found is Report {
  return (
    typeof found === 'object' &&
    found !== null &&
    'numPassedTests' in found &&
    typeof found.numPassedTests === 'number' &&
    'numFailedTests' in found &&
    typeof found.numFailedTests === 'number' &&
    'success' in found &&
    typeof found.success === 'boolean'
  );
}
