import type { Clock } from '@rapport/runtime/clock.ts';
import { Fault } from '@rapport/runtime/fault.ts';

/** Aborts its signal with Fault `model_timeout` when what is expected does not come in time. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #whom: string;
  readonly #barking = new AbortController();
  #waiting: AbortController | undefined;

  constructor(clock: Clock, whom: string) {
    this.#clock = clock;
    this.#whom = whom;
  }

  get signal(): AbortSignal {
    return this.#barking.signal;
  }

  /** Something is to be heard within `ms` from now; what was expected before has come. */
  expect(ms: number): void {
    this.rest();
    const waiting = new AbortController();
    this.#waiting = waiting;
    const bark = () =>
      this.#barking.abort(
        new Fault('model_timeout', `Cannot wait longer for ${this.#whom}: silent for ${ms} ms`),
      );
    this.#clock.sleep(ms, waiting.signal).then(bark, () => {}); // Rejected: it was heard in time.
  }

  /** Nothing is expected any more. */
  rest(): void {
    this.#waiting?.abort();
    this.#waiting = undefined;
  }
}
