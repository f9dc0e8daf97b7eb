/**
 * The used part of an amount that comes back evenly over a window. Two whole numbers, kept in the session or
 * beside a key, so that counting a frame allocates nothing.
 */
export interface Budget {
  /** Used up at `usedAtMs`; less with every millisecond since. */
  used: number;
  usedAtMs: number;
}

/** How much there is, and the time in which all of it comes back. */
export interface BudgetSize {
  readonly max: number;
  readonly windowMs: number;
}

/**
 * Takes `cost` out of the budget and gives 0, or leaves it as it is and gives the milliseconds until the cost
 * fits. A cost above the whole budget fits when nothing is used, so that no limit refuses something for ever.
 */
export function spend(budget: Budget, cost: number, { max, windowMs }: BudgetSize, nowMs: number): number {
  const used = usedAt(budget, { max, windowMs }, nowMs);
  const over = used + Math.min(cost, max) - max;
  if (over > 0) return Math.ceil((over * windowMs) / max);
  budget.used = Math.ceil(used + cost);
  budget.usedAtMs = Math.floor(nowMs);
  return 0;
}

/** What is used up at that time. */
export function usedAt({ used, usedAtMs }: Budget, { max, windowMs }: BudgetSize, nowMs: number): number {
  return Math.max(0, used - ((nowMs - usedAtMs) * max) / windowMs);
}
