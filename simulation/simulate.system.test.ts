import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { mutants } from './mutants.ts';

const script = new URL('./simulate.ts', import.meta.url).pathname;
const quiet = '--disable-warning=ExperimentalWarning';

/** Rejects when the command exits with 1: a promise was broken, or a planted bug was not caught. */
const simulate = (...given: readonly string[]) =>
  promisify(execFile)(process.execPath, [quiet, script, ...given]);

test('every promise holds in 250 worlds', { timeout: 300_000 }, async () => {
  const { stderr } = await simulate('--seeds', '250', '--from', '1001', '--all', '--json');
  expect(stderr).toContain('250 worlds');
  expect(stderr).toContain(' 0 broken');
});

test('another process lives through the same world', async () => {
  const [one, other] = await Promise.all([simulate('--seed', '11'), simulate('--seed', '11')]);
  expect(one.stdout).toContain('all promises held');
  expect(other.stdout).toBe(one.stdout);
});

test('every planted bug is noticed', { timeout: 900_000 }, async () => {
  const { stdout } = await simulate('--mutants');
  expect(stdout).not.toContain('NOT CAUGHT');
  expect(stdout).toContain(`${mutants.size} of ${mutants.size} planted bugs were caught`);
});

test('a broken world is told with fewer faults and how to see it again', async () => {
  const mutant = 'receipts leave before the commit';
  const told = await simulate('--mutant', mutant, '--seeds', '20').catch((failure) => failure);
  expect(told).toMatchObject({ code: 1 });
  expect(told.stdout).toMatch(/seed \d+ breaks: /);
  expect(told.stdout).toMatch(/with 0 of 0 faults:/);
  expect(told.stdout).toMatch(/again: npm run simulate -- --seed \d+/);
});
