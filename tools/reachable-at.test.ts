import { expect, test } from 'vitest';
import { reachableAt } from './reachable-at.ts';

test.each([
  ['127.0.0.1', '127.0.0.1:80'],
  ['', '127.0.0.1:80'],
  ['0.0.0.0', '127.0.0.1:80'],
  ['::', '[::1]:80'],
  ['::1', '[::1]:80'],
  ['2001:db8::1', '[2001:db8::1]:80'],
  ['chat.example.com', 'chat.example.com:80'],
])('what listens on %j is reached at %s', (host, address) => {
  expect(reachableAt(host, 80)).toBe(address);
});
