import type { Clock } from '@rapport/runtime/clock.ts';

/**
 * Names counted in one window. More than that is an attack: a new name then waits for the next window, so
 * that the memory is bounded.
 */
const namesMax = 100_000;

/** Counts what each name (an address, a person) asked for in the running window. */
export class WindowRate {
  readonly #options: { readonly perWindowMax: number; readonly windowMs: number; readonly clock: Clock };
  readonly #counts = new Map<string, number>();
  #windowEndMs = 0;

  constructor(options: { readonly perWindowMax: number; readonly windowMs: number; readonly clock: Clock }) {
    this.#options = options;
  }

  /** 0 when the name may go on, else the milliseconds until it may. */
  take(name: string): number {
    const { perWindowMax, windowMs, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs >= this.#windowEndMs) {
      this.#counts.clear();
      this.#windowEndMs = nowMs + windowMs;
    }
    const count = this.#counts.get(name) ?? 0;
    const full = count === 0 && this.#counts.size >= namesMax;
    if (full || count >= perWindowMax) return Math.ceil(this.#windowEndMs - nowMs);
    this.#counts.set(name, count + 1);
    return 0;
  }
}
