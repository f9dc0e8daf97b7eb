import { expect, test } from 'vitest';
import { passed, reportOf, textOf } from './report.ts';
import type { ChaosResult } from './run.ts';

const waits = { takeOverMs: [700, 900], othersMs: [20], resumeMs: [] };
const fine: ChaosResult = {
  seed: 7,
  rounds: [{ kind: 'kill actors', recovered: true, waits }],
  said: 100,
  stored: 110,
  saysMs: [10, 900],
  lostSockets: 3,
  settled: true,
  violations: [],
  deaths: [],
};

test('passed() is false as soon as one thing is wrong', () => {
  const violations = [{ kind: 'doubled', person: 'ann', sentence: 'a is stored twice' }] as const;
  const rounds = [{ kind: 'kill actors', recovered: false, waits }];
  expect(passed(reportOf(fine))).toBe(true);
  expect(passed(reportOf({ ...fine, violations }))).toBe(false);
  expect(passed(reportOf({ ...fine, settled: false }))).toBe(false);
  expect(passed(reportOf({ ...fine, rounds }))).toBe(false);
});

test('reportOf() gathers the rounds of one kind of fault', () => {
  const { waits: byKind } = reportOf({ ...fine, rounds: [...fine.rounds, ...fine.rounds] });
  expect(byKind['kill actors']).toMatchObject({
    takeOver: { count: 4, max: 900 },
    others: { count: 2, max: 20 },
    resume: { count: 0, max: 0 },
  });
});

test('textOf() tells what is wrong, and with whom', () => {
  const violations = [{ kind: 'lost', person: 'ann', sentence: 'phone said "a": not stored' }] as const;
  const deaths = ['actors: it ended with status 1; starting it again.'];
  const text = textOf(reportOf({ ...fine, violations, deaths }));
  expect(text).toContain('lost 1, doubled 0, reordered 0, foreign 0');
  expect(text).toContain('lost: ann: phone said "a": not stored');
  expect(text).toContain('ended without being told to: actors: it ended with status 1');
});
