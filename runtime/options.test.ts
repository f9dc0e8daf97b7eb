import { expect, test } from 'vitest';
import { integer, oneOf, readOptions, text } from './options.ts';

const options = {
  PORT: integer(1, 'A port.', { min: 1, max: 9 }),
  STORE: text('', 'A store.', /^redis:/),
  LEVEL: oneOf('info', 'A level.', ['info', 'warn']),
} as const;

test('readOptions() lists every wrong value at once', () => {
  expect(() => readOptions(options, { PORT: '10', STORE: 'file:x', LEVEL: 'loud' })).toThrow(
    'Cannot use PORT=10: it should be a whole number from 1 to 9\n' +
      'Cannot use STORE=file:x: it should be text that matches /^redis:/\n' +
      'Cannot use LEVEL=loud: it should be one of info, warn',
  );
});

test('readOptions() takes an empty text for one that is not given', () => {
  expect(readOptions(options, { PORT: '', LEVEL: 'warn' })).toEqual({ PORT: 1, STORE: '', LEVEL: 'warn' });
});

test('readOptions() does not show the password of a wrong address', () => {
  expect(() => readOptions(options, { STORE: 'http://ann:s3cret@r:1' })).toThrow(/^(?!.*s3cret).*STORE=http/);
});
