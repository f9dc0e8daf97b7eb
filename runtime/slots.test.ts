import { expect, test } from 'vitest';
import { Slots } from './slots.ts';

test('Slots runs at most so many at once, all of them, in the order in which they came', async () => {
  const slots = new Slots(3);
  const began: number[] = [];
  let running = 0;
  let most = 0;
  const work = (at: number) => async () => {
    began.push(at);
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    return at;
  };
  const all = Array.from({ length: 20 }, (_, at) => slots.run(work(at)));
  expect(await Promise.all(all)).toEqual(Array.from({ length: 20 }, (_, at) => at));
  expect(began).toEqual(Array.from({ length: 20 }, (_, at) => at));
  expect(most).toBe(3);
});

test('Slots frees the slot of what fails', async () => {
  const slots = new Slots(1);
  await expect(slots.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await slots.run(async () => 'yes')).toBe('yes');
});
