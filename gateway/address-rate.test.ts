import { expect, test } from 'vitest';
import { AddressRate } from './address-rate.ts';
import { TestClock } from './gateway-fixture.ts';

const from = (address: string, forwarded?: string) => ({
  address,
  headers: new Map(forwarded === undefined ? [] : [['x-forwarded-for', forwarded]]),
});

test('take() counts each address for itself and starts anew each minute', async () => {
  const clock = new TestClock();
  const rate = new AddressRate({ perMinuteMax: 2, header: '', clock });
  expect([1, 2, 3].map(() => rate.take(from('10.0.0.1')) > 0)).toEqual([false, false, true]);
  expect(rate.take(from('10.0.0.2'))).toBe(0);
  expect(rate.take(from('10.0.0.1', '10.9.9.9'))).toBeGreaterThan(0);
  await clock.advance(60_000);
  expect(rate.take(from('10.0.0.1'))).toBe(0);
});

test('take() goes by what the nearest proxy wrote, not by what the client claims before it', () => {
  const rate = new AddressRate({ perMinuteMax: 1, header: 'X-Forwarded-For', clock: new TestClock() });
  expect(rate.take(from('10.0.0.1', '1.1.1.1, 2.2.2.2'))).toBe(0);
  expect(rate.take(from('10.0.0.1', '9.9.9.9, 2.2.2.2'))).toBeGreaterThan(0);
  expect(rate.take(from('10.0.0.1', '3.3.3.3'))).toBe(0);
});

test('take() counts a /64 of IPv6 as one address', () => {
  const rate = new AddressRate({ perMinuteMax: 1, header: '', clock: new TestClock() });
  expect(rate.take(from('2001:0db8:0000:0001:0000:0000:0000:0001'))).toBe(0);
  expect(rate.take(from('2001:0db8:0000:0001:0000:0000:0000:0002'))).toBeGreaterThan(0);
  expect(rate.take(from('2001:0db8:0000:0002:0000:0000:0000:0001'))).toBe(0);
});
