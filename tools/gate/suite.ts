import { chmod, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeScratch } from '../scratch.ts';
import { type Outcome, program, report } from './step.ts';
import type { SuiteName } from './suites.ts';

/**
 * Runs a suite and prints its line. A suite without tests has failed, and so has one that leaves something in
 * the temp folder: a process may still be running there, and CI's disk fills up.
 */
export async function runSuite(name: SuiteName): Promise<Outcome> {
  const startedMs = performance.now();
  const scratch = await makeScratch('suite');
  const resultsPath = join(scratch.path, 'results.json');
  const tempDir = await makeTempDir(scratch.path);
  const printed = await runVitest(name, { resultsPath, tempDir });
  const { passed, failed } = countTests(await readResults(resultsPath));
  const leftover = leftoverSentence(await readdir(tempDir));
  await scratch.remove();
  const outcome: Outcome = {
    name: `${name} tests (${passed} passed)`,
    passed,
    failed: failed + (leftover === '' ? 0 : 1),
    seconds: (performance.now() - startedMs) / 1_000,
    output: `${printed}${leftover}`,
  };
  report(outcome);
  return outcome;
}

/** As open as /tmp: a test tries to read as another user of the machine. */
async function makeTempDir(folder: string): Promise<string> {
  const path = join(folder, 'tmp');
  await mkdir(path);
  await chmod(folder, 0o711);
  await chmod(path, 0o1777);
  return path;
}

async function runVitest(
  name: SuiteName,
  { resultsPath, tempDir }: { readonly resultsPath: string; readonly tempDir: string },
): Promise<string> {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${resultsPath}`];
  // npm and others keep compiled code in the temp folder, unless they are told not to.
  const env = { NO_COLOR: '1', TMPDIR: tempDir, NODE_DISABLE_COMPILE_CACHE: '1' };
  try {
    return await program('vitest', ['run', '--project', name, ...reporters], { env });
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure); // The results say what failed.
  }
}

async function readResults(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined; // Vitest ended before it wrote the file: countTests() takes that as a failure.
  }
}

/** Empty when nothing was left. */
export function leftoverSentence(names: readonly string[]): string {
  return names.length === 0 ? '' : `Tests left in the temp folder: ${names.toSorted().join(', ')}\n`;
}

/**
 * Reads Vitest's JSON report. A failure outside any test (a file that does not load, a stray rejection, no
 * test at all) counts as one failed test.
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
