import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Runs a command of the project; what it says on standard error, and its status. */
async function failureOf(script: string, args: readonly string[]) {
  const failed = promisify(execFile)(process.execPath, [join(root, script), ...args]);
  return await failed.then(
    () => ({ code: 0, stderr: '' }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
}

const withoutWarnings = (stderr: string) =>
  stderr.split('\n').filter((line) => line !== '' && !/^\(|ExperimentalWarning/.test(line));

test.each([
  ['loadtest/bench/bench.ts', ['--pairs', 'many'], /--pairs many: it should be a whole number from 1/],
  ['loadtest/bench/bench.ts', ['--only', 'speed'], /--only speed: it should be one of throughput, /],
  ['loadtest/chaos/chaos.ts', ['--nats', 'two'], /--nats two: it should be one of single, cluster/],
  ['loadtest/backlog/backlog.ts', ['--says', '0'], /--says 0: it should be a whole number from 1/],
  [
    'loadtest/chaos/chaos.ts',
    ['--scenario', 'upgrade', '--from', 'no-such'],
    /Cannot upgrade from no-such: /,
  ],
  ['loadtest/soak/soak.ts', ['--minutes', '-'], /--minutes/],
  ['simulation/simulate.ts', ['--sedes', '1'], /--sedes/],
] as const)(
  '%s tells %j from what it knows in one sentence',
  async (script, args, sentence) => {
    const { code, stderr } = await failureOf(script, args);
    expect(withoutWarnings(stderr)).toEqual([expect.stringMatching(sentence)]);
    expect(code).toBe(1);
  },
  60_000,
);
