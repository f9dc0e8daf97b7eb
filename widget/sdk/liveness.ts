import { limits } from '@rapport/proto/limits.ts';
import type { Surroundings } from './surroundings.ts';

export interface LivenessOptions {
  readonly surroundings: Surroundings;
  /** Sends a frame that the server always answers. */
  readonly ask: () => void;
  readonly onDead: () => void;
}

/** Silence for this long means: ask. The server pings twice in that time, which a browser does not show. */
const silentMs = 2 * limits.pingMs;
const answerWithinMs = 10_000;
/** A person who looks at the page waits for the answer, so a dead connection is replaced sooner then. */
const lookedAtWithinMs = 5_000;

/**
 * Finds out whether a connection that brings nothing still works. A browser cannot ping, so the client asks
 * for a page, and any frame counts as an answer. A hidden page does not ask by itself: `look` asks once a
 * person sees it again.
 */
export class Liveness {
  readonly #options: LivenessOptions;
  #heardAtMs: number;
  #isAsking = false;
  #stopTimer: () => void = () => {};

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#heardAtMs = options.surroundings.monotonicMs();
  }

  /** How long ago the newest frame came. */
  get quietMs(): number {
    return this.#options.surroundings.monotonicMs() - this.#heardAtMs;
  }

  heard(): void {
    this.#heardAtMs = this.#options.surroundings.monotonicMs();
    if (this.#isAsking) this.watch();
  }

  watch(): void {
    this.end();
    const { surroundings } = this.#options;
    this.#stopTimer = surroundings.after(Math.max(1_000, silentMs - this.quietMs), () => {
      if (this.quietMs >= silentMs && surroundings.visible()) this.#ask(answerWithinMs);
      else this.watch();
    });
  }

  /**
   * Asks at once, whatever the clock says: a monotonic clock may stand still while the machine sleeps, so a
   * connection that seems fresh may be hours old.
   */
  look(): void {
    if (!this.#isAsking) this.#ask(lookedAtWithinMs);
  }

  end(): void {
    this.#isAsking = false;
    this.#stopTimer();
  }

  #ask(withinMs: number): void {
    this.end();
    this.#isAsking = true;
    this.#options.ask();
    this.#stopTimer = this.#options.surroundings.after(withinMs, () => this.#options.onDead());
  }
}
