import type { Clock } from '@rapport/runtime/clock.ts';

type State =
  | { readonly at: 'closed'; readonly failures: number }
  | { readonly at: 'open'; readonly untilMs: number }
  | { readonly at: 'probing' };

/**
 * How a call ended, as far as the way to the service is concerned. `unknown`: it was given up before it could
 * tell.
 */
export type CallEnd = 'reached' | 'unreachable' | 'unknown';

export interface BreakerLimits {
  /** Calls in a row that did not reach the service before the breaker opens. */
  readonly failuresMax: number;
  /** How long an open breaker refuses at once, before one call may try again. */
  readonly openMs: number;
}

/**
 * Refuses at once what would fail slowly: opens after failures in a row, lets one call probe after a while.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #limits: BreakerLimits;
  #state: State = { at: 'closed', failures: 0 };

  constructor(clock: Clock, limits: BreakerLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get at(): State['at'] {
    return this.#state.at;
  }

  /** Whether a call may be made now; every true is to be followed by one `ended`. */
  allows(): boolean {
    switch (this.#state.at) {
      case 'closed':
        return true;
      case 'probing':
        return false;
      case 'open':
        if (this.#clock.monotonicMs() < this.#state.untilMs) return false;
        this.#state = { at: 'probing' };
        return true;
    }
  }

  ended(end: CallEnd): void {
    if (end === 'reached') this.#state = { at: 'closed', failures: 0 };
    else if (this.#state.at === 'probing') this.#open(end === 'unknown' ? 0 : this.#limits.openMs);
    else if (this.#state.at === 'closed' && end === 'unreachable') this.#failed(this.#state.failures + 1);
  }

  #failed(failures: number): void {
    if (failures >= this.#limits.failuresMax) this.#open(this.#limits.openMs);
    else this.#state = { at: 'closed', failures };
  }

  #open(forMs: number): void {
    this.#state = { at: 'open', untilMs: this.#clock.monotonicMs() + forMs };
  }
}
