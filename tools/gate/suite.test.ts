import { expect, test } from 'vitest';
import { countTests, leftoverSentence } from './suite.ts';

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

test('leftoverSentence() names what tests left in the temp folder', () => {
  expect(leftoverSentence([])).toBe('');
  expect(leftoverSentence(['rapport-b', 'rapport-a'])).toMatch(/temp folder: rapport-a, rapport-b\n$/);
});
