import { systemClock } from '@rapport/runtime/clock.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { expect, test } from 'vitest';
import { LogEnd } from './log-end.ts';

const log = createLog({ name: 'test', level: 'silent' });
const never = new AbortController().signal;

/** A log that ends where the script says, one answer after the other; undefined is no answer. */
function logThatEnds(...at: (number | undefined)[]) {
  const asked = { times: 0 };
  const clock = { ...systemClock, sleep: async () => {} };
  const lastSequence = async () => {
    const end = at[Math.min(asked.times, at.length - 1)];
    asked.times += 1;
    if (end === undefined) throw new Error('no answer');
    return end;
  };
  return { end: new LogEnd({ inbox: { lastSequence }, clock, log }), asked };
}

test('what the log has shown to reach is not asked for', async () => {
  const { end, asked } = logThatEnds(10);
  end.saw(7);
  await end.reaches(7, never);
  expect(asked.times).toBe(0);
  await end.reaches(9, never);
  await end.reaches(10, never);
  expect(asked.times).toBe(1);
});

test('a log that can not be asked, or has not heard of its newest records, is asked again', async () => {
  const { end, asked } = logThatEnds(undefined, undefined, 8, 12);
  await end.reaches(12, never);
  expect(asked.times).toBe(4);
});

test('a log that does not reach as far as the history is refused', async () => {
  const { end } = logThatEnds(8);
  await expect(end.reaches(9, never)).rejects.toThrow('the log ends at 8');
});
