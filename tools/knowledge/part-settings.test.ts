import { expect, test } from 'vitest';
import { partChanges, withParts } from './part-settings.ts';

const welcome = { afterDays: 30, text: 'Good to see you again.' };
const given = (settings: unknown) => `welcome-back=${JSON.stringify(settings)}`;

test('partChanges() takes what the part takes, and off', () => {
  expect(partChanges([given(welcome)])).toEqual({ 'welcome-back': welcome });
  expect(partChanges(['welcome-back=off'])).toEqual({ 'welcome-back': undefined });
  expect(partChanges([])).toEqual({});
});

test.each([
  ['another form', given({ ...welcome, afterDays: 0 }), /afterDays: /],
  ['a field that the part does not have', given({ ...welcome, word: 1 }), /it has no word/],
  ['no JSON', 'welcome-back=soon', /should be JSON, or off/],
  ['JSON that is no object', 'welcome-back=3', /should be JSON, or off/],
  ['a part that there is not', 'hypnosis={}', /NAME one of welcome-back/],
  ['a name alone', 'welcome-back', /NAME|JSON/],
  ['a part with an option of its own', 'follow-up=off', /--follow-up sets it/],
])('partChanges() refuses %s', (_, part, sentence) => {
  expect(() => partChanges([part])).toThrow(sentence);
});

test('withParts() changes the parts that were given, and leaves none of an empty record', () => {
  const before = { name: 'Ada', parts: { 'welcome-back': welcome, other: { kept: true } } };
  expect(withParts(before, {})).toEqual(before);
  expect(withParts(before, { 'welcome-back': undefined })).toEqual({
    name: 'Ada',
    parts: { other: { kept: true } },
  });
  expect(withParts({ parts: { 'welcome-back': welcome } }, { 'welcome-back': undefined })).toEqual({});
});
