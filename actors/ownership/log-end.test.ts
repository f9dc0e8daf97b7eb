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

const row = (name: string, sequence: number) => ({ name, sequence });

test('what the log has shown to reach is not asked for', async () => {
  const { end, asked } = logThatEnds(10);
  end.saw(7);
  await end.reachesCheckpoint(7, never);
  expect(asked.times).toBe(0);
  await end.reachesCheckpoint(9, never);
  expect(await end.rowsBeyond([row('ann', 10), row('bob', 3)], never)).toEqual(new Set());
  expect(asked.times).toBe(1);
});

test('a log that can not be asked, or has not heard of its newest records, is asked again', async () => {
  const { end, asked } = logThatEnds(undefined, undefined, 8, 12);
  await end.reachesCheckpoint(12, never);
  expect(asked.times).toBe(4);
});

test('a log that does not reach as far as the newest checkpoint is refused', async () => {
  const { end } = logThatEnds(8);
  await expect(end.reachesCheckpoint(9, never)).rejects.toThrow('the log ends at 8');
});

test('single rows beyond the log are named, and the others of the batch are not', async () => {
  const { end } = logThatEnds(8);
  expect(await end.rowsBeyond([row('ann', 9), row('bob', 8)], never)).toEqual(new Set(['ann']));
  expect(end.rowsAhead).toBe(1);
});

test('a row that is known to be beyond the log holds up its partition once, not at each event', async () => {
  const { end, asked } = logThatEnds(8);
  await end.rowsBeyond([row('ann', 9)], never);
  const before = asked.times;
  expect(await end.rowsBeyond([row('ann', 9), row('bob', 8)], never)).toEqual(new Set(['ann']));
  expect(asked.times).toBe(before);
});

test('a row that the log has reached meanwhile is used again', async () => {
  const { end } = logThatEnds(8);
  await end.rowsBeyond([row('ann', 9)], never);
  end.saw(9);
  expect(await end.rowsBeyond([row('ann', 9)], never)).toEqual(new Set());
});

test('many rows beyond the log are an older log, however they come', async () => {
  const many = ['ann', 'bob', 'cid', 'dan'].map((name) => row(name, 9));
  await expect(logThatEnds(8).end.rowsBeyond(many, never)).rejects.toThrow('It is an older log');
  const { end } = logThatEnds(8);
  for (const one of many.slice(0, 3)) await end.rowsBeyond([one], never);
  await expect(end.rowsBeyond(many.slice(3), never)).rejects.toThrow('It is an older log');
});
