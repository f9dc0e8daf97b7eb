import { expect, test } from 'vitest';
import { harmless } from './harmless.ts';

test('no control character of a text reaches the terminal', () => {
  expect(harmless('a\u001b[2J\u0007b\u009b1mc\u007f')).toBe('a␛[2J␇b\ufffd1mc␡');
  expect(harmless('safe \u202etxet\u202c \u2067x\u2069')).toBe('safe \ufffdtxet\ufffd \ufffdx\ufffd');
  const all = Array.from({ length: 0x100 }, (_, unit) => String.fromCharCode(unit)).join('');
  expect([...harmless(all)].filter((unit) => /\p{Cc}/u.test(unit))).toEqual(['\t', '\n', '\n']);
});

test('lines, emoji and letters of every script stay as they are', () => {
  const text = 'one\ttwo\n\nÄ 睡眠 👩‍🚀 كيف';
  expect(harmless(text)).toBe(text);
  expect(harmless('one\r\ntwo\rthree\u2028four')).toBe('one\ntwo\nthree\nfour');
});
