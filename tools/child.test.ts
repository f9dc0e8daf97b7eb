import { expect, test } from 'vitest';
import { lastWords } from './child.ts';

function said(...lines: readonly string[]): readonly string[] {
  return lines.reduce<readonly string[]>((before, line) => lastWords(before, line), []);
}

test('lastWords() keeps a sentence for each wrong option, and of other words the last line', () => {
  expect(said('Cannot use A=x', 'Cannot use B=y')).toEqual(['Cannot use A=x', 'Cannot use B=y']);
  expect(said('file.ts:3', 'Error: broken')).toEqual(['Error: broken']);
  expect(said('a warning', 'Cannot use A=x')).toEqual(['Cannot use A=x']);
  expect(said(...Array.from({ length: 100 }, (_, at) => `Cannot use ${at}`))).toHaveLength(20);
});
