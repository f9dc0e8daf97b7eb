import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Budget, spend, usedAt } from './budget.ts';

const size = { max: 100, windowMs: 1_000 };

test('spend() takes until nothing is left, and says when there is again', () => {
  const budget: Budget = { used: 0, usedAtMs: 0 };
  expect(spend(budget, 60, size, 5_000)).toBe(0);
  expect(spend(budget, 40, size, 5_000)).toBe(0);
  expect(spend(budget, 10, size, 5_000)).toBe(100);
  expect(spend(budget, 10, size, 5_099)).toBe(1);
  expect(spend(budget, 10, size, 5_100)).toBe(0);
  expect(usedAt(budget, size, 6_100)).toBe(0);
});

test('spend() lets a cost above the whole budget pass when nothing is used, and then waits', () => {
  const budget: Budget = { used: 0, usedAtMs: 0 };
  expect(spend(budget, 250, size, 5_000)).toBe(0);
  expect(spend(budget, 1, size, 5_000)).toBe(1_510);
});

test('spend() never lets through more than the budget and its share of the time', () => {
  const step = fc.tuple(fc.integer({ min: 0, max: 700 }), fc.integer({ min: 1, max: 100 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const budget: Budget = { used: 0, usedAtMs: 0 };
      let nowMs = 0;
      let taken = 0;
      for (const [waitMs, cost] of steps) {
        nowMs += waitMs;
        if (spend(budget, cost, size, nowMs) === 0) taken += cost;
      }
      expect(taken).toBeLessThanOrEqual(size.max + (nowMs * size.max) / size.windowMs);
    }),
  );
});
