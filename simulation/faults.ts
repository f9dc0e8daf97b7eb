import { Chance } from './chance.ts';

/**
 * Everything that goes wrong in a world, and how often at most: per request or message where one is hit, per
 * second where the world itself is.
 */
export const faultRates = {
  /** The log refuses an append. */
  append_refused: 0.05,
  /** The log has it, and its sender is told that it has not. */
  append_unanswered: 0.06,
  /** The sender is told that the log does not have it, and then it gets there all the same. */
  append_late: 0.04,
  /** The log has it twice: it did not know the append again. */
  append_twice: 0.03,
  /** A reader of the log hears nothing for a while. */
  log_paused: 0.02,
  /** Reading a partition does not begin. */
  reader_refused: 0.1,
  /** It begins a while after it was asked for. */
  reader_late: 0.2,
  /** It ends after a silence, as when its server leaves. */
  reader_lost: 0.02,
  lane_lost: 0.15,
  lane_late: 0.06,
  lane_twice: 0.03,
  owners_refused: 0.08,
  owners_unanswered: 0.08,
  /** A heartbeat of an actor host does not arrive. */
  members_refused: 0.1,
  members_late: 0.05,
  timers_refused: 0.3,
  timers_unanswered: 0.1,
  timer_late: 0.05,
  timer_twice: 0.3,
  store_slow: 0.08,
  store_refused: 0.08,
  /** Written, and the writer is told that it is not. */
  store_unanswered: 0.06,
  /** The writer is told that it is not written, and a while later it is. */
  store_late: 0.05,
  /** An actor host dies with its commit on disk and nothing done about it. */
  writer_dies: 0.02,
  read_refused: 0.05,
  model_refused: 0.12,
  model_breaks_off: 0.12,
  model_silent: 0.05,
  host_crash: 0.3,
  host_stall: 0.3,
  /** It can not reach where processes meet, and still reaches the store. */
  host_cut_off: 0.2,
  /** It ends in order and comes back under another name. */
  host_leaves: 0.2,
  gateway_crash: 0.15,
  gateway_stall: 0.15,
  gateway_cut_off: 0.15,
  gateway_leaves: 1.2,
  socket_cut: 0.4,
  /** A connection that carries nothing any more, and neither side is told. */
  socket_dead: 0.05,
  socket_slow: 0.25,
  tab_closed: 0.25,
  tab_killed: 0.25,
} as const;

export type FaultKind = keyof typeof faultRates;
export const faultKinds: readonly FaultKind[] = Object.keys(faultRates).filter(isFaultKind);

/** Which faults of a seed may strike: for finding the few that a failure needs. */
export interface Allowed {
  readonly kinds: ReadonlySet<FaultKind>;
  /** Only the first so many. */
  readonly most: number;
  readonly without: ReadonlySet<number>;
}

export const allAllowed: Allowed = {
  kinds: new Set(faultKinds),
  most: Number.POSITIVE_INFINITY,
  without: new Set(),
};

/**
 * Decides what goes wrong. A seed leaves out many kinds and makes the others rare or frequent, so that each
 * meets every other somewhere; each kind has a row of numbers of its own, so that leaving one out moves the
 * others as little as may be.
 */
export class Faults {
  readonly #rates = new Map<FaultKind, number>();
  readonly #chances = new Map<FaultKind, Chance>();
  readonly #allowed: Allowed;
  readonly #onStrike: (kind: FaultKind, number: number) => void;
  #struck = 0;
  #over = false;

  constructor(seed: number, allowed: Allowed, onStrike: (kind: FaultKind, number: number) => void) {
    this.#allowed = allowed;
    this.#onStrike = onStrike;
    for (const kind of faultKinds) {
      const choice = new Chance(seed, `how much of ${kind}`);
      const share = choice.happens(0.45) ? choice.next() : 0;
      this.#rates.set(kind, allowed.kinds.has(kind) ? faultRates[kind] * share : 0);
      this.#chances.set(kind, new Chance(seed, kind));
    }
  }

  get struck(): number {
    return this.#struck;
  }

  /** Whether it happens now. `times` multiplies how probable it is. */
  strikes(kind: FaultKind, times = 1): boolean {
    if (this.#over) return false;
    const rate = this.#rates.get(kind) ?? 0;
    if (this.#chances.get(kind)?.happens(rate * times) !== true) return false;
    const number = this.#struck + 1;
    if (number > this.#allowed.most) return false;
    this.#struck = number;
    if (this.#allowed.without.has(number)) return false;
    this.#onStrike(kind, number);
    return true;
  }

  /** From now on nothing goes wrong any more. */
  end(): void {
    this.#over = true;
  }
}

function isFaultKind(name: string): name is FaultKind {
  return Object.hasOwn(faultRates, name);
}
