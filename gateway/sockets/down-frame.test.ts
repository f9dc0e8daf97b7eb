import { downFromBinary } from '@rapport/proto/wire.ts';
import { expect, test } from 'vitest';
import { encodeDown, SharedFrame } from './down-frame.ts';

test('encodeDown() writes what a protobuf client reads back', () => {
  const down = {
    message: { seq: 3, role: 'COACH' as const, text: 'ü\u0000👍', atMs: 1.5, sources: [{ title: 't' }] },
  };
  const encoded = encodeDown(down, 'proto');
  expect(encoded).toBeInstanceOf(Uint8Array);
  if (encoded instanceof Uint8Array) expect(downFromBinary(encoded)).toEqual(down);
  expect(JSON.parse(String(encodeDown(down, 'json')))).toEqual(down);
});

test('SharedFrame encodes once for each format', () => {
  const shared = new SharedFrame(JSON.stringify({ typing: { on: true } }));
  expect(shared.as('proto')).toBe(shared.as('proto'));
  expect(shared.as('json')).toBe('{"typing":{"on":true}}');
});
