import type { Deliveries, Push } from '@rapport/proto/delivery.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeDeliveries, encodeDeliveries } from './deliveries-text.ts';

/** Few values, so that runs of one device's says are frequent, and so are all ways in which they break. */
const push: fc.Arbitrary<Push> = fc.oneof(
  fc.record({
    to: fc.constant('stored' as const),
    deviceId: fc.constantFrom('a', 'b'),
    clientSeq: fc.integer({ min: 1, max: 4 }),
    id: fc.string({ unit: 'binary' }),
    seq: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({
    to: fc.constant('all' as const),
    frame: fc.record({ delta: fc.record({ text: fc.string({ unit: 'binary' }) }) }),
  }),
);

const run: fc.Arbitrary<readonly Push[]> = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.array(fc.uuid()))
  .map(([first, ids]) =>
    ids.map((id, at) => ({ to: 'stored', deviceId: 'a', clientSeq: first + at, id, seq: 2 * first + at })),
  );

const deliveries: fc.Arbitrary<Deliveries> = fc.record({
  hostId: fc.string(),
  number: fc.nat(),
  deliveries: fc.array(
    fc.record({
      creatorId: fc.string(),
      userId: fc.string(),
      epoch: fc.nat(),
      pushes: fc.array(fc.oneof(run, fc.array(push))).map((several) => several.flat()),
    }),
  ),
  messages: fc.array(fc.string({ unit: 'binary' }).map((text) => JSON.stringify({ message: { text } }))),
});

test('decodeDeliveries() reads what encodeDeliveries() wrote', () => {
  fc.assert(
    fc.property(deliveries, (given) => {
      expect(decodeDeliveries(encodeDeliveries(given))).toEqual(given);
    }),
  );
});

test('encodeDeliveries() tells only the id of a say that follows the one before', () => {
  const stored = (n: number): Push => ({
    to: 'stored',
    deviceId: 'd',
    clientSeq: n,
    id: `i${n}`,
    seq: n + 5,
  });
  const delivery = { creatorId: 'c', userId: 'u', epoch: 3, pushes: [stored(1), stored(2), stored(4)] };
  const given = { hostId: 'h', number: 7, deliveries: [delivery], messages: ['{"message":{}}', '{}', '{}'] };
  expect(encodeDeliveries(given)).toBe(
    [
      '{"hostId":"h","number":7,"deliveries":[["c","u",3,["d",1,6,"i1"],"i2",["d",4,9,"i4"]]]}',
      '{"message":{}}',
      '{}',
      '{}',
    ].join('\n'),
  );
});

/** What a newer owner may send: known pushes around those that this gateway does not know. */
const mixed = (places: string) =>
  `{"hostId":"h","number":1,"more":1,"deliveries":[["c","u",3,${places}]]}\nline 0\nline 1\nline 2`;

const storedPush = (clientSeq: number, id: string) => {
  return { to: 'stored', deviceId: 'd', clientSeq, seq: clientSeq + 5, id };
};

test.each([
  { what: 'a kind', place: '{"to":"a later kind","frame":{}}' },
  { what: 'a push without its frame', place: '{"to":"all"}' },
  { what: 'a push for a session without its answer', place: '{"to":"session","sessionId":"s"}' },
  { what: 'nothing', place: 'null' },
])('decodeDeliveries() leaves out $what that it does not know, and no line', ({ place }) => {
  const read = decodeDeliveries(mixed(`["d",1,6,"a"],${place},["d",2,7,"b"],"c"`));
  expect(read.deliveries[0]?.pushes).toEqual([storedPush(1, 'a'), storedPush(2, 'b'), storedPush(3, 'c')]);
  expect(read.messages).toEqual(['line 0', 'line 1', 'line 2']);
});

test('decodeDeliveries() leaves out a form that it does not know, with its line and its next', () => {
  const other = '["v2","d",2,7,"b"]';
  const read = decodeDeliveries(mixed(`["d",1,6,"a"],${other},"c"`));
  expect(read.deliveries[0]?.pushes).toEqual([storedPush(1, 'a')]);
  expect(read.messages).toEqual(['line 0']);
  const after = decodeDeliveries(mixed(`${other},["d",2,7,"b"],"c"`));
  expect(after.deliveries[0]?.pushes).toEqual([storedPush(2, 'b'), storedPush(3, 'c')]);
  expect(after.messages).toEqual(['line 1', 'line 2']);
});
