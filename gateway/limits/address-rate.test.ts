import { expect, test } from 'vitest';
import { TestClock } from '../testing/gateway-fixture.ts';
import { AddressRate } from './address-rate.ts';

test('take() counts each address for itself and starts anew each minute', async () => {
  const clock = new TestClock();
  const rate = new AddressRate({ perMinuteMax: 2, clock });
  expect([1, 2, 3].map(() => rate.take('10.0.0.1') > 0)).toEqual([false, false, true]);
  expect(rate.take('10.0.0.2')).toBe(0);
  await clock.advance(60_000);
  expect(rate.take('10.0.0.1')).toBe(0);
});
