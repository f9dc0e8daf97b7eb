import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBatch, encodeBatch, encodeEnvelope } from './batch.ts';
import type { Envelope } from './envelope.ts';

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
      expect(decodeBatch(encodeBatch(envelopes.map(encodeEnvelope)))).toEqual(envelopes);
    }),
  );
});

test('decodeBatch() reads a say in either form', () => {
  const envelopes = [{ ...key, event: said }];
  expect(decodeBatch(JSON.stringify({ envelopes }))).toEqual(envelopes);
  expect(encodeBatch(envelopes.map(encodeEnvelope))).toBe(
    '{"envelopes":[["said","demo","mia","d","web",3,"i","How?"]]}',
  );
});

test.each([
  'no JSON',
  'null',
  '7',
  '{}',
  '{"envelopes":{}}',
  '{"envelopes":[7]}',
  '{"envelopes":[null]}',
  '{"envelopes":[{"creatorId":"demo"}]}',
  '{"envelopes":[[]]}',
  '{"envelopes":[["said","demo","mia","d","web",3,"i"]]}',
  '{"envelopes":[["said","demo","mia","d","web","3","i","How?"]]}',
  '{"envelopes":[["read","demo","mia","d","web",3,"i","How?"]]}',
])('decodeBatch() takes %s for no batch', (json) => {
  expect(decodeBatch(json)).toBeUndefined();
});
