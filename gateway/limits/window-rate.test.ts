import { expect, test } from 'vitest';
import { TestClock } from '../testing/gateway-fixture.ts';
import { WindowRate } from './window-rate.ts';

test('take() counts each name for itself and starts anew in each window', async () => {
  const clock = new TestClock();
  const rate = new WindowRate({ perWindowMax: 2, windowMs: 60_000, clock });
  expect([1, 2, 3].map(() => rate.take('10.0.0.1') > 0)).toEqual([false, false, true]);
  expect(rate.take('10.0.0.2')).toBe(0);
  await clock.advance(60_000);
  expect(rate.take('10.0.0.1')).toBe(0);
});

test('take() lets a name that is counted go on when no new name is taken any more', () => {
  const rate = new WindowRate({ perWindowMax: 2, windowMs: 60_000, clock: new TestClock() });
  for (let name = 0; name < 100_000; name += 1) rate.take(`n${name}`);
  expect(rate.take('one-more')).toBeGreaterThan(0);
  expect(rate.take('n0')).toBe(0);
});
