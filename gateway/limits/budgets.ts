import { type Budget, type BudgetSize, spend, usedAt } from '../sockets/budget.ts';

/**
 * Keys counted at once; more than this within one window is an attack from everywhere. All counts then begin
 * anew: the other limits go on holding, and nobody is refused for what strangers did.
 */
const keysMax = 200_000;

/**
 * One budget for each key, such as an address or a person. A key with nothing used up takes no memory.
 */
export class Budgets {
  readonly #size: BudgetSize;
  readonly #budgets = new Map<string, Budget>();
  #sweepAtMs = 0;

  constructor(size: BudgetSize) {
    this.#size = size;
  }

  /** 0 when the key had that much left, which is gone now; else the milliseconds until it has. */
  spend(key: string, cost: number, nowMs: number): number {
    if (nowMs >= this.#sweepAtMs) this.#sweep(nowMs);
    let budget = this.#budgets.get(key);
    if (budget === undefined) {
      if (this.#budgets.size >= keysMax) this.#budgets.clear();
      budget = { used: 0, usedAtMs: 0 };
      this.#budgets.set(key, budget);
    }
    return spend(budget, cost, this.#size, nowMs);
  }

  /** Forgets, once in each window, every key whose budget is whole again. */
  #sweep(nowMs: number): void {
    this.#sweepAtMs = nowMs + this.#size.windowMs;
    for (const [key, budget] of this.#budgets) {
      if (usedAt(budget, this.#size, nowMs) === 0) this.#budgets.delete(key);
    }
  }
}
