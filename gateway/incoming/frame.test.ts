import type { UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { upToBinary } from '@rapport/proto/wire.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeUp } from './frame.ts';

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const wellFormed = fc.string({ unit: 'binary' });

test('decodeUp() reads a say the same in JSON and in protobuf, whatever its text', () => {
  fc.assert(
    fc.property(uint32, wellFormed, wellFormed, (clientSeq, text, choiceId) => {
      const up: UpJson = { say: { clientSeq, id: 'x', text, choiceId } };
      const wanted = { ok: true, frame: { kind: 'say', clientSeq, id: 'x', text, choiceId } };
      expect(decodeUp(JSON.stringify(up), 'json')).toEqual(wanted);
      expect(decodeUp(upToBinary(up), 'proto')).toEqual(wanted);
    }),
  );
});

test('decodeUp() reads every kind of frame, with zero values where a field is left out', () => {
  const frames: readonly [UpJson, object][] = [
    [{ hello: { token: 't' } }, { kind: 'hello', token: 't', deviceId: '', afterSeq: 0, tail: 0 }],
    [{ say: {} }, { kind: 'say', clientSeq: 0, id: '', text: '', choiceId: '' }],
    [{ typing: { on: true } }, { kind: 'typing', on: true }],
    [{ read: { seq: 7 } }, { kind: 'read', seq: 7 }],
    [{ stop: { turnId: 't1' } }, { kind: 'stop', turnId: 't1' }],
    [{ page: { afterSeq: 3 } }, { kind: 'page', beforeSeq: 0, afterSeq: 3, limit: 0 }],
  ];
  for (const [up, frame] of frames) {
    expect(decodeUp(JSON.stringify(up), 'json')).toEqual({ ok: true, frame });
    expect(decodeUp(upToBinary(up), 'proto')).toEqual({ ok: true, frame });
  }
});

test.each([
  ['no JSON', '{'],
  ['no object', '7'],
  ['null', 'null'],
  ['no frame', '{}'],
  ['an unknown frame', '{"fly":{}}'],
  ['two frames', '{"typing":{},"read":{}}'],
  ['two frames, the first a say', '{"say":{"clientSeq":1},"read":{}}'],
  ['a say with a number too large', '{"say":{"clientSeq":4294967296}}'],
  ['a number too large', '{"read":{"seq":4294967296}}'],
  ['a negative number', '{"read":{"seq":-1}}'],
  ['a fraction', '{"read":{"seq":1.5}}'],
  ['infinity', '{"read":{"seq":1e999}}'],
  ['a text for a number', '{"read":{"seq":"many"}}'],
  ['a number for a text', '{"say":{"text":7}}'],
  ['an array for a frame', '{"say":[]}'],
  ['a prototype', '{"__proto__":{"say":{}}}'],
  ['deep nesting', '['.repeat(60_000)],
  ['deep nesting in an unknown field', `{"say":{"x":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`],
])('decodeUp() answers %s with a sentence', (_what, text) => {
  const decoded = decodeUp(text, 'json');
  expect(decoded).toMatchObject({ ok: false, reason: expect.stringMatching(/^Cannot read the frame: .+/) });
  if (!decoded.ok) expect(decoded.reason.length).toBeLessThan(300);
});

test('decodeUp() refuses the other kind of frame than the connection speaks', () => {
  expect(decodeUp(upToBinary({ say: {} }), 'json').ok).toBe(false);
  expect(decodeUp('{"say":{}}', 'proto').ok).toBe(false);
});

test('decodeUp() never throws, on any text and any bytes', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void decodeUp(text, 'json')));
  fc.assert(fc.property(fc.json(), (text) => void decodeUp(text, 'json')));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void decodeUp(bytes, 'proto')));
});

test('decodeUp() ignores fields that a newer client sends', () => {
  expect(decodeUp('{"read":{"seq":1,"mood":"calm"},"trace":"x"}', 'json')).toEqual({
    ok: true,
    frame: { kind: 'read', seq: 1 },
  });
});

test('decodeUp() reads the other spellings of proto3 JSON', () => {
  const frame = { kind: 'say', clientSeq: 7, id: '', text: 'x', choiceId: '' };
  for (const say of [
    '"client_seq":7,"text":"x"',
    '"clientSeq":"7","text":"x"',
    '"text":"x","clientSeq":7.0,"id":null',
  ]) {
    expect(decodeUp(`{"say":{${say}}}`, 'json')).toEqual({ ok: true, frame });
  }
});

test('decodeUp() makes half a surrogate pair whole', () => {
  const decoded = decodeUp('{"say":{"text":"a\\ud800b"}}', 'json');
  expect(decoded).toMatchObject({ ok: true, frame: { text: 'a\ufffdb' } });
});
