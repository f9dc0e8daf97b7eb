import { expect, test } from 'vitest';
import { endpoint, safeAddress } from './endpoint.ts';

test('a gateway may stand under a path', () => {
  const at = (url: string) => endpoint(url, 'v1/ws').href;
  expect(at('https://x.test')).toBe('https://x.test/v1/ws');
  expect(at('https://x.test/chat')).toBe('https://x.test/chat/v1/ws');
  expect(at('https://x.test/chat/?a=1#b')).toBe('https://x.test/chat/v1/ws');
});

test('relative addresses of sources lie below the gateway, absolute ones are kept', () => {
  const at = (url: string) => safeAddress(url, 'https://x.test/chat');
  expect(at('/learn/sleep')).toBe('https://x.test/chat/learn/sleep');
  expect(at('learn/sleep')).toBe('https://x.test/chat/learn/sleep');
  expect(at('https://y.test/page')).toBe('https://y.test/page');
  for (const unsafe of [
    'javascript:alert(1)',
    'data:text/html,x',
    'java\tscript:alert(1)',
    'https://',
    'http://[',
  ]) {
    expect(at(unsafe)).toBeUndefined();
  }
  expect(at('//y.test/page')).toBe('https://y.test/page');
});
