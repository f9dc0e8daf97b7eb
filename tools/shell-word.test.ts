import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellWord } from './shell-word.ts';

test.each([
  ['plain'],
  ["it's"],
  ['a b'],
  ["'"],
  ['$HOME `id` "x" \\ !'],
  ['http://[::1]:8080'],
  ['*'],
  ['é\n'],
])('shellWord() gives %j to a command as it is', (text) => {
  expect(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text);
});
