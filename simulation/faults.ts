import { Chance } from './chance.ts';

/**
 * Every kind of fault, and its highest rate: per request or message for faults of those, per second for
 * faults of processes, sockets and tabs.
 */
export const faultRates = {
  /** The log refuses an append. */
  append_refused: 0.05,
  /** The log takes the append, and the sender is told that it did not. */
  append_unanswered: 0.06,
  /** The sender is told that the log did not take the append, and later the log takes it all the same. */
  append_late: 0.04,
  /** The log holds the append twice, because it did not recognise the repetition. */
  append_twice: 0.03,
  /** A reader of the log gets nothing for a while. */
  log_paused: 0.02,
  /** Reading a partition does not begin. */
  reader_refused: 0.1,
  /** Reading begins a while after it was asked for. */
  reader_late: 0.2,
  /** Reading ends after a silence, as when the server leaves. */
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
  /** The store writes, and the writer is told that it did not. */
  store_unanswered: 0.06,
  /** The writer is told that the store did not write, and a while later the store writes. */
  store_late: 0.05,
  /** An actor host dies when its commit is on disk, before it performs any effect. */
  writer_dies: 0.02,
  read_refused: 0.05,
  model_refused: 0.12,
  model_breaks_off: 0.12,
  model_silent: 0.05,
  host_crash: 0.3,
  host_stall: 0.3,
  /** The host reaches the store and nothing else. */
  host_cut_off: 0.2,
  /** The host ends in order and comes back under another name. */
  host_leaves: 0.2,
  gateway_crash: 0.15,
  gateway_stall: 0.15,
  gateway_cut_off: 0.15,
  gateway_leaves: 1.2,
  socket_cut: 0.4,
  /** The connection carries nothing any more, and neither side is told. */
  socket_dead: 0.05,
  socket_slow: 0.25,
  tab_closed: 0.25,
  tab_killed: 0.25,
  /** The tab is killed, and an older backup of its storage is restored. */
  tab_restored: 0.1,
} as const;

export type FaultKind = keyof typeof faultRates;
export const faultKinds: readonly FaultKind[] = Object.keys(faultRates).filter(isFaultKind);

/** The faults of a seed that may strike. Fewer are allowed to find the few that a failure needs. */
export interface Allowed {
  readonly kinds: ReadonlySet<FaultKind>;
  /** Only this number of faults, the first ones. */
  readonly most: number;
  readonly without: ReadonlySet<number>;
}

export const allAllowed: Allowed = {
  kinds: new Set(faultKinds),
  most: Number.POSITIVE_INFINITY,
  without: new Set(),
};

/**
 * Decides what goes wrong. A seed leaves out many kinds and makes the others rare or frequent, so that every
 * two kinds meet in some seed. Each kind has random numbers of its own, so that leaving one kind out moves
 * the others as little as possible.
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

  /** Whether a fault of this kind happens now. `times` multiplies its probability. */
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
