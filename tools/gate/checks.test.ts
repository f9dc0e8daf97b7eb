import { expect, test } from 'vitest';
import { differences } from './checks.ts';

test('differences() names what is changed, missing or too much', () => {
  const one = new Map([
    ['same.ts', 'a'],
    ['changed.ts', 'a'],
    ['gone.ts', 'a'],
  ]);
  const other = new Map([
    ['same.ts', 'a'],
    ['changed.ts', 'b'],
    ['new.ts', 'a'],
  ]);
  expect(differences(one, one)).toEqual([]);
  expect(differences(one, other)).toEqual(['changed.ts', 'gone.ts', 'new.ts']);
});
