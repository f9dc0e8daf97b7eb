import { expect, test } from 'vitest';
import { Audience } from './audience.ts';

test('Audience counts sockets over gateways and forgets what nobody looks at', () => {
  const audience = new Audience();
  audience.set('demo/ann', 'g1', 2);
  audience.set('demo/ann', 'g2', 1);
  audience.set('demo/ann', 'g1', 1);
  expect([...audience.gatewaysOf('demo/ann')]).toEqual(['g1', 'g2']);
  expect(audience.socketsOf('demo/ann')).toBe(2);
  audience.forgetGateway('g1');
  audience.set('demo/ann', 'g2', 0);
  expect([...audience.gatewaysOf('demo/ann')]).toEqual([]);
  expect(audience.socketsOf('demo/ann')).toBe(0);
});

test('next() comes round to every conversation, also to those that came meanwhile', () => {
  const audience = new Audience();
  for (const name of ['a', 'b', 'c']) audience.set(name, 'g1', 1);
  expect(audience.next(2)).toEqual(['a', 'b']);
  audience.set('b', 'g1', 0);
  audience.set('d', 'g1', 1);
  expect(audience.next(2)).toEqual(['c', 'd']);
  expect(audience.next(2)).toEqual([]);
  expect(audience.next(2)).toEqual(['a', 'c']);
});
