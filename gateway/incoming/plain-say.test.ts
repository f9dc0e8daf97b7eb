import { upFromJson } from '@rapport/proto/wire.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainSay } from './plain-say.ts';

const id = '01234567-89ab-7cde-8f01-23456789abcd';
const frame = { kind: 'say', clientSeq: 7, id, text: 'How?', choiceId: '' };

test('plainSay() reads a say as the SDK writes it', () => {
  expect(plainSay(JSON.stringify({ say: { clientSeq: 7, id, text: 'How?' } }))).toEqual(frame);
  expect(plainSay(JSON.stringify({ say: { clientSeq: 7, id, text: '"A\\B"\n' } }))).toEqual({
    ...frame,
    text: '"A\\B"\n',
  });
  expect(plainSay(JSON.stringify({ say: { clientSeq: 7, id, text: 'How?', choiceId: 'c' } }))).toEqual({
    ...frame,
    choiceId: 'c',
  });
});

/** Says as they are written, and with something put in, taken away or repeated anywhere. */
const nearly = fc
  .tuple(
    fc.oneof(fc.nat({ max: 3 }), fc.nat(), fc.constantFrom(999_999_999, 4_294_967_295, 4_294_967_296)),
    fc.oneof(fc.constant(id), fc.string({ minLength: 36, maxLength: 36 }), fc.string()),
    fc.string({ unit: 'binary' }),
    fc.nat(),
    fc.nat({ max: 2 }),
    fc.constantFrom('', '"', '\\', '0', '-', '.5', '}', '"}}', ',"x":1', '\u0001', ' ', 'e1', '\\u0041'),
  )
  .map(([clientSeq, sayId, text, at, cut, put]) => {
    const json = JSON.stringify({ say: { clientSeq, id: sayId, text } });
    const from = at % (json.length + 1);
    return (json.slice(0, from) + put + json.slice(from + cut)).toWellFormed(); // As it comes from UTF-8.
  });

test('plainSay() reads nothing that proto3 JSON would read otherwise', () => {
  fc.assert(
    fc.property(nearly, (json) => {
      const plain = attempt(() => plainSay(json));
      if (plain === undefined) return;
      const { clientSeq, id: sayId, text, choiceId } = plain;
      expect(attempt(() => upFromJson(json))?.frame).toMatchObject({
        case: 'say',
        value: { clientSeq, id: sayId, text, choiceId },
      });
    }),
    { numRuns: 2_000 },
  );
});

/** Undefined where it throws. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
