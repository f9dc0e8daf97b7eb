import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBatch, decodeEnvelope, encodeBatch, encodeEnvelope } from './batch.ts';
import type { Envelope } from './envelope.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

const key = { creatorId: 'demo', userId: 'mia' };
const said = { kind: 'said', deviceId: 'd', clientSeq: 3, id: 'i', text: 'How?', channel: 'web' } as const;

const envelope: fc.Arbitrary<Envelope> = fc
  .tuple(
    fc.record({ creatorId: fc.string(), userId: fc.string() }),
    fc.oneof(
      fc
        .record({
          deviceId: fc.string(),
          clientSeq: fc.nat(),
          id: fc.string(),
          text: fc.string(),
          channel: fc.string(),
        })
        .map((event) => ({ kind: 'said' as const, ...event })),
      fc.string().map((choiceId) => ({ ...said, choiceId })),
      fc.nat().map((seq) => ({ kind: 'read' as const, seq })),
      fc.string().map((turnId) => ({ kind: 'turn_failed' as const, turnId, code: 'inference_down' })),
    ),
  )
  .map(([keys, event]) => ({ ...keys, event }));

test('decodeBatch() reads what encodeBatch() wrote', () => {
  fc.assert(
    fc.property(fc.array(envelope), (envelopes) => {
      expect(decodeBatch(bytesOf(encodeBatch(envelopes.map(encodeEnvelope))))).toEqual(envelopes);
    }),
  );
});

test('decodeBatch() reads a say in either form', () => {
  const envelopes = [{ ...key, event: said }];
  expect(decodeBatch(bytesOf(JSON.stringify({ envelopes })))).toEqual(envelopes);
  expect(encodeBatch(envelopes.map(encodeEnvelope))).toBe(
    '{"envelopes":[["said","demo","mia","d","web",3,"i","How?"]]}',
  );
});

test.each(['no JSON', 'null', '7', '{}', '{"envelopes":{}}'])(
  'decodeBatch() gives %s, which is no batch, back as one unreadable entry',
  (text) => {
    const bytes = bytesOf(text);
    expect(decodeBatch(bytes)).toEqual([{ unreadable: expect.any(String), bytes }]);
  },
);

test('decodeBatch() takes what is not UTF-8 for no batch', () => {
  const bytes = new Uint8Array([0xff]);
  expect(decodeBatch(bytes)).toEqual([{ unreadable: expect.any(String), bytes }]);
});

test.each([
  '7',
  'null',
  '{"creatorId":"demo"}',
  '{"creatorId":"demo","userId":"mia","event":null}',
  '{"creatorId":"demo","userId":"mia","event":{}}',
  '[]',
  '["said","demo","mia","d","web",3,"i"]',
  '["said","demo","mia","d","web","3","i","How?"]',
  '["read","demo","mia","d","web",3,"i","How?"]',
])('decodeBatch() sets aside %s alone, and reads the entries around it', (entry) => {
  const envelope = { ...key, event: said };
  const good = encodeEnvelope(envelope);
  const [first, second, third] = decodeBatch(bytesOf(encodeBatch([good, entry, good])));
  expect([first, third]).toEqual([envelope, envelope]);
  expect(second).toMatchObject({ bytes: Buffer.from(entry) });
});

test('decodeEnvelope() reads one entry in either form, and nothing else', () => {
  const envelope = { ...key, event: said };
  expect(decodeEnvelope(bytesOf(encodeEnvelope(envelope)))).toEqual(envelope);
  expect(decodeEnvelope(bytesOf(JSON.stringify(envelope)))).toEqual(envelope);
  expect(decodeEnvelope(bytesOf('no JSON'))).toBeUndefined();
  expect(decodeEnvelope(bytesOf('[7]'))).toBeUndefined();
});
