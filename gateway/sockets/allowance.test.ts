import { limits } from '@rapport/proto/limits.ts';
import { expect, test } from 'vitest';
import { type Allowance, fullAllowance, lowered, takeSay } from './allowance.ts';

test('lowered() takes away what was said elsewhere, and what comes back with time stays as it was', () => {
  const nowMs = 5_000;
  const counted = { debtMs: 6_000, uncounted: 1, nowMs, limits };
  const allowance = lowered(fullAllowance, counted);
  expect(allowance).toEqual({ says: 7, atMs: nowMs });
  expect(lowered(allowance, { ...counted, debtMs: 0 })).toBe(allowance);
  const own: Allowance = { says: 0, atMs: 4_000 };
  expect(lowered(own, counted)).toBe(own);
});

test('lowered() blocks somebody who said too much in several places until it has come back', () => {
  const allowance = lowered(fullAllowance, { debtMs: 20_000, uncounted: 0, nowMs: 1_000, limits });
  expect(takeSay(allowance, 1_000, limits)).toEqual({ ok: false, waitMs: 10_500 });
  expect(takeSay(allowance, 11_499, limits).ok).toBe(false);
  expect(takeSay(allowance, 11_500, limits).ok).toBe(true);
});
