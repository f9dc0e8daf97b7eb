import { expect, test } from 'vitest';
import { addressOf } from './address-of.ts';

const from = (address: string, forwarded?: string) => ({
  address,
  headers: new Map(forwarded === undefined ? [] : [['x-forwarded-for', forwarded]]),
});

test('addressOf() goes by what the nearest proxy wrote, not by what the client claims before it', () => {
  expect(addressOf(from('10.0.0.1', '1.1.1.1, 2.2.2.2'), 'x-forwarded-for')).toBe('2.2.2.2');
  expect(addressOf(from('10.0.0.1'), 'x-forwarded-for')).toBe('10.0.0.1');
});

test('addressOf() believes no header where there is no proxy', () => {
  expect(addressOf(from('10.0.0.1', '10.9.9.9'), '')).toBe('10.0.0.1');
});

test('addressOf() takes a /64 of IPv6 for one address', () => {
  const one = addressOf(from('2001:0db8:0000:0001:0000:0000:0000:0001'), '');
  expect(addressOf(from('2001:0db8:0000:0001:0000:0000:0000:0002'), '')).toBe(one);
  expect(addressOf(from('2001:0db8:0000:0002:0000:0000:0000:0001'), '')).not.toBe(one);
});
