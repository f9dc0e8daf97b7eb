import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';
import { Fault } from './fault.ts';
import { retryUntil } from './retry.ts';

const never = new AbortController().signal;
const clock = { ...systemClock, sleep: async () => {} };
const backoff = { firstMs: 1, mostMs: 2 };

/** Fails with each of these in turn, then succeeds. */
function failing(...failures: readonly unknown[]) {
  const told: unknown[] = [];
  let tries = 0;
  const attempt = async () => {
    tries += 1;
    if (tries <= failures.length) throw failures[tries - 1];
    return tries;
  };
  return {
    told,
    run: () => retryUntil(attempt, { backoff, clock, signal: never, onFailure: (f) => told.push(f) }),
  };
}

test('repeats what the outside world refuses for now, and tells each failure', async () => {
  const failures = [new Fault('busy', 'busy'), new Error('of a library')];
  const { run, told } = failing(...failures);
  expect(await run()).toBe(3);
  expect(told).toEqual(failures);
});

test('stops at a failure that no repetition heals', async () => {
  const refused = new Fault('bad_request', 'the log takes no such record');
  const { run, told } = failing(refused);
  await expect(run()).rejects.toBe(refused);
  expect(told).toEqual([]);
});
