import type { Conversation } from './conversation/state.ts';

/** A conversation in memory: its state and how far into the log that state reaches. */
export interface Actor {
  readonly creatorId: string;
  readonly userId: string;
  state: Conversation;
  /** Position of the newest event folded into `state`; 0 before the first. */
  inSeq: number;
}

/**
 * The actors in memory, least recently used first; beyond `actorsMax` those are passivated. Reading is
 * activation.
 */
export class Residents {
  readonly #actors = new Map<string, Actor>();
  readonly #actorsMax: number;

  constructor(actorsMax: number) {
    this.#actorsMax = actorsMax;
  }

  get size(): number {
    return this.#actors.size;
  }

  get(name: string): Actor | undefined {
    const actor = this.#actors.get(name);
    if (actor === undefined) return undefined;
    this.#actors.delete(name);
    this.#actors.set(name, actor);
    return actor;
  }

  add(name: string, actor: Actor): void {
    this.#actors.set(name, actor);
    if (this.#actors.size <= this.#actorsMax) return;
    const [oldest] = this.#actors.keys();
    // All of it is in the store, so forgetting is free.
    if (oldest !== undefined) this.#actors.delete(oldest);
  }
}
