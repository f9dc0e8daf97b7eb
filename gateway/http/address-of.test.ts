import { expect, test } from 'vitest';
import { addressOf } from './address-of.ts';

const from = (address: string, forwarded?: string) => ({
  address,
  headers: new Map(forwarded === undefined ? [] : [['x-forwarded-for', forwarded]]),
});
const byProxy = (forwarded: string) => addressOf(from('10.0.0.1', forwarded), 'x-forwarded-for');

test('addressOf() goes by what the nearest proxy wrote, not by what the client claims before it', () => {
  expect(byProxy('1.1.1.1, 2.2.2.2')).toBe('2.2.2.2');
  expect(byProxy('1.1.1.1,2.2.2.2')).toBe('2.2.2.2');
  expect(addressOf(from('10.0.0.1'), 'x-forwarded-for')).toBe('10.0.0.1');
});

test('addressOf() believes no header where there is no proxy', () => {
  expect(addressOf(from('10.0.0.1', '10.9.9.9'), '')).toBe('10.0.0.1');
});

test.each(['unknown', '', 'evil', '1.1.1.1, ', '999.1.1.1', '1.2.3', '0x7f.1', '2001:db8::/32', ':::'])(
  'addressOf() counts for the proxy what it writes as %j',
  (forwarded) => {
    expect(byProxy(forwarded)).toBe('10.0.0.1');
  },
);

test('addressOf() takes a /64 of IPv6 for one address, however it is written', () => {
  const spellings = [
    '2001:0db8:0001:0002:0000:0000:0000:0005',
    '2001:db8:1:2::5',
    '2001:db8:1:2::6',
    '2001:DB8:1:2:ffff:ffff:ffff:ffff',
    '2001:db8:1:2::1.2.3.4',
    '2001:db8:1:2::5%eth0',
    '[2001:db8:1:2::5]',
    '[2001:db8:1:2::5]:4711',
  ];
  expect(new Set(spellings.map(byProxy))).toEqual(new Set(['2001:db8:1:2::/64']));
  expect(addressOf(from('2001:0db8:0001:0002:0000:0000:0000:0005'), '')).toBe('2001:db8:1:2::/64');
  expect(byProxy('2001:db8:1:3::5')).not.toBe(byProxy('2001:db8:1:2::5'));
});

test('addressOf() takes an IPv4 address for itself, also within IPv6 and with a port', () => {
  const spellings = [
    '192.0.2.1',
    '::ffff:192.0.2.1',
    '::ffff:c000:201',
    '192.0.2.1:4711',
    '[::ffff:192.0.2.1]:4711',
  ];
  expect(new Set(spellings.map(byProxy))).toEqual(new Set(['192.0.2.1']));
  expect(addressOf(from('0000:0000:0000:0000:0000:ffff:c000:0201'), '')).toBe('192.0.2.1');
  expect(byProxy('192.0.2.2')).not.toBe(byProxy('192.0.2.1'));
});
