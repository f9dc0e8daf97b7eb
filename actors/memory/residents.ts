import type { Recorded } from '../conversation/effect.ts';
import type { Conversation } from '../conversation/state.ts';
import type { UnknownEffect } from '../partition/state-row.ts';
import { type Ranked, Recency } from './recency.ts';

/** A conversation in memory: its state and how far into the log that state reaches. */
export interface Actor {
  /** Its conversation's. */
  readonly name: string;
  readonly creatorId: string;
  readonly userId: string;
  state: Conversation;
  /** Position of the newest event folded into `state`; 0 before the first. */
  inSeq: number;
  /** Recorded effects of the row that it was loaded from, for as long as they may be performed again. */
  outbox?: readonly Recorded[];
  /** Effects that an older host kept in that row: to be performed before the next row is written. */
  owed?: readonly Recorded[];
  /** Effects of that row that only a newer host can perform: every row of this host keeps them. */
  readonly kept?: readonly UnknownEffect[];
}

/** A conversation whose row in the store can not be read: why. Nothing can be decided in it. */
export interface Damaged {
  readonly damaged: string;
}

/** When an actor leaves memory. All of it is in the store, so forgetting is free. */
export interface ResidentLimits {
  readonly actorsMax: number;
  /** The estimate of `bytesOf` for all actors together. */
  readonly bytesMax: number;
  /** Nothing was asked of it for so long. */
  readonly idleMs: number;
}

interface Resident extends Ranked<Resident> {
  readonly actor: Actor;
  bytes: number;
  usedMs: number;
}

/** So many leave at one tick at most, which takes some milliseconds; all at once would hold up the host. */
const leaveAtOnceMax = 2_000;

/**
 * The actors in memory; beyond the limits the least recently used are passivated. Reading is activation.
 * Whoever works on an actor holds it, and what is committed for one that left meanwhile is in the store.
 */
export class Residents {
  readonly #residents = new Map<string, Resident>();
  readonly #recency = new Recency<Resident>();
  readonly #limits: ResidentLimits;
  #bytes = 0;
  #nowMs = 0;

  constructor(limits: ResidentLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#residents.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(name: string): Actor | undefined {
    const resident = this.#residents.get(name);
    if (resident === undefined) return undefined;
    resident.usedMs = this.#nowMs;
    this.#recency.use(resident);
    return resident.actor;
  }

  /** `stateChars` is the length of the row that it was loaded from; 0 when there is none. */
  add(actor: Actor, stateChars: number): void {
    const known = this.#residents.get(actor.name);
    if (known !== undefined) this.#leave(known);
    const bytes = bytesOf(stateChars);
    const resident = { actor, bytes, usedMs: this.#nowMs, older: undefined, newer: undefined };
    this.#residents.set(actor.name, resident);
    this.#recency.add(resident);
    this.#bytes += bytes;
    this.#shrink();
  }

  /** Its row was written anew. */
  resize(name: string, stateChars: number): void {
    const resident = this.#residents.get(name);
    if (resident === undefined) return;
    const bytes = bytesOf(stateChars);
    this.#bytes += bytes - resident.bytes;
    resident.bytes = bytes;
    this.#shrink();
  }

  /** Tells the time, each second or so, and lets those go who were idle for too long. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    for (let left = 0; left < leaveAtOnceMax; left += 1) {
      const { oldest } = this.#recency;
      if (oldest === undefined || nowMs - oldest.usedMs < this.#limits.idleMs) return;
      this.#leave(oldest);
    }
  }

  /** Forgets whom another host works for from now on. */
  forget(isTheirs: (actor: Actor) => boolean): void {
    for (const resident of this.#residents.values()) if (isTheirs(resident.actor)) this.#leave(resident);
  }

  #shrink(): void {
    const { actorsMax, bytesMax } = this.#limits;
    while (this.#residents.size > actorsMax || this.#bytes > bytesMax) {
      const { oldest } = this.#recency;
      if (oldest === undefined) return;
      this.#leave(oldest);
    }
  }

  #leave(resident: Resident): void {
    this.#residents.delete(resident.actor.name);
    this.#recency.remove(resident);
    this.#bytes -= resident.bytes;
  }
}

/**
 * What an actor takes of the process's memory, by the length of its state as JSON. Measured with 100,000 of
 * each: 750 bytes with an empty state of 90 characters, 1,370 with 319, 3,510 with 1,009, 11,740 with 3,769;
 * the rest is for its entry in the audience.
 */
export function bytesOf(stateChars: number): number {
  return 800 + 3 * stateChars;
}
