import type { Clock } from '@rapport/runtime/clock.ts';

const windowMs = 60_000;
/**
 * Addresses counted in one window; more than that is an attack, and everybody new waits for the next window.
 */
const addressesMax = 100_000;

/** Counts what each address asked for in this minute. */
export class AddressRate {
  readonly #perMinuteMax: number;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  #windowEndMs = 0;

  constructor(options: { readonly perMinuteMax: number; readonly clock: Clock }) {
    this.#perMinuteMax = options.perMinuteMax;
    this.#clock = options.clock;
  }

  /** 0 when the address may go on, else the milliseconds until it may. */
  take(address: string): number {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#windowEndMs) {
      this.#counts.clear();
      this.#windowEndMs = nowMs + windowMs;
    }
    const count = this.#counts.get(address) ?? 0;
    const full = count === 0 && this.#counts.size >= addressesMax;
    if (full || count >= this.#perMinuteMax) return Math.ceil(this.#windowEndMs - nowMs);
    this.#counts.set(address, count + 1);
    return 0;
  }
}
