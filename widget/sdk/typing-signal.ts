import type { Surroundings } from './surroundings.ts';

const typingEveryMs = 3_000;

/** Tells the others that the person writes: at most every three seconds, however fast the keys come. */
export class TypingSignal {
  readonly #options: {
    readonly surroundings: Surroundings;
    readonly send: (on: boolean) => void;
  };
  /** Undefined while the person does not write. */
  #sentAtMs: number | undefined;

  constructor(options: { readonly surroundings: Surroundings; readonly send: (on: boolean) => void }) {
    this.#options = options;
  }

  set(on: boolean): void {
    const { surroundings, send } = this.#options;
    const nowMs = surroundings.monotonicMs();
    const isTold = on
      ? this.#sentAtMs !== undefined && nowMs - this.#sentAtMs < typingEveryMs
      : this.#sentAtMs === undefined;
    if (isTold) return;
    this.#sentAtMs = on ? nowMs : undefined;
    send(on);
  }
}
