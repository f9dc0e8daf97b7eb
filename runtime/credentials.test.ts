import { expect, test } from 'vitest';
import { withoutCredentials } from './credentials.ts';

test.each([
  ['nats://127.0.0.1:4222', 'nats://127.0.0.1:4222'],
  ['nats://ann:s3cret@a:1,nats://ann:s3cret@b:2', 'nats://***@a:1,nats://***@b:2'],
  ['connect to redis://:s3cret@r:6379/0 failed', 'connect to redis://***@r:6379/0 failed'],
  ['cassandra://u:p@ss@c/rapport', 'cassandra://***@c/rapport'],
  ['mail ann@example.com', 'mail ann@example.com'],
])('withoutCredentials() turns %s into %s', (text, shown) => {
  expect(withoutCredentials(text)).toBe(shown);
});
