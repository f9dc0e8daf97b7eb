import { expect, test } from 'vitest';
import { decodeText } from './decode-text.ts';

const utf16le = Buffer.from('\ufeffÜber\r\nNaps', 'utf16le');

test.each([
  ['UTF-8', Buffer.from('Über\r\nNaps')],
  ['UTF-8 with a byte order mark', Buffer.from('\ufeffÜber\rNaps')],
  ['UTF-16 little endian', utf16le],
  ['UTF-16 big endian', Buffer.from(utf16le).swap16()],
])('decodeText() reads %s', (_, bytes) => {
  expect(decodeText(bytes)).toEqual({ ok: true, text: 'Über\nNaps' });
});

test.each([
  ['Latin-1', Buffer.from('Über Naps', 'latin1'), 'save it as UTF-8'],
  ['half a UTF-16 unit', Buffer.from([0xff, 0xfe, 0x41]), 'save it as UTF-8'],
  ['UTF-16 without a byte order mark', Buffer.from('Naps', 'utf16le'), 'NUL'],
  ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), 'save it as UTF-8'],
])('decodeText() refuses %s', (_, bytes, why) => {
  expect(decodeText(bytes)).toEqual({ ok: false, why: expect.stringContaining(why) });
});
