import { expect, test } from 'vitest';
import { natsAddress } from './nats-address.ts';

test.each([
  ['nats://127.0.0.1:4222', ['nats://127.0.0.1:4222'], undefined],
  ['a:4222, b:4222', ['a:4222', 'b:4222'], undefined],
  ['nats://ann:s3cret@a:1', ['nats://a:1'], { user: 'ann', pass: 's3cret' }],
  ['ann:a%40b%2Cc%3Ad@a:1', ['a:1'], { user: 'ann', pass: 'a@b,c:d' }],
  ['nats://ann:a:b@a:1', ['nats://a:1'], { user: 'ann', pass: 'a:b' }],
  ['tls://t0ken@[::1]:1', ['tls://[::1]:1'], { token: 't0ken' }],
  [
    'nats://ann:x@a:1,nats://b:2,nats://ann:x@c:3',
    ['nats://a:1', 'nats://b:2', 'nats://c:3'],
    { user: 'ann', pass: 'x' },
  ],
] as const)('natsAddress() reads %s', (url, servers, login) => {
  expect(natsAddress(url)).toEqual({ servers, login });
});

test.each([['nats://ann:s3cret@a:1,nats://bob:s3cret@b:1'], ['nats://ann:s3cret%zz@a:1']])(
  'natsAddress() refuses %s without showing it',
  (url) => {
    expect(() => natsAddress(url)).toThrow(/^Cannot use (?!.*s3cret).*NATS_URL.*should/);
  },
);
