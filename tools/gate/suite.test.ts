import { expect, test } from 'vitest';
import { differences } from './gate.ts';
import { countTests } from './suite.ts';

test('countTests() reads passed and failed', () => {
  expect(countTests({ numPassedTests: 7, numFailedTests: 0, success: true })).toEqual({
    passed: 7,
    failed: 0,
  });
  expect(countTests({ numPassedTests: 7, numFailedTests: 2, success: false })).toEqual({
    passed: 7,
    failed: 2,
  });
});

test('countTests() takes no tests, a failure outside of tests and a missing report as failed', () => {
  expect(countTests({ numPassedTests: 0, numFailedTests: 0, success: true }).failed).toBe(1);
  expect(countTests({ numPassedTests: 7, numFailedTests: 0, success: false })).toEqual({
    passed: 7,
    failed: 1,
  });
  expect(countTests(undefined)).toEqual({ passed: 0, failed: 1 });
});

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
