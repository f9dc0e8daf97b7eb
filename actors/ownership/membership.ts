import type { Clock } from '@rapport/runtime/clock.ts';
import type { Member } from '@rapport/stream/members.ts';

interface Known {
  beat: number;
  readonly sinceMs: number;
  /** When the newest heartbeat came, on our own clock. */
  heardMs: number;
  dead: boolean;
  /** Takes nothing more, or has not shown yet that it lives. */
  leaving: boolean;
}

/** Forgotten after so many leases of silence. */
const rememberedLeases = 1_000;

/**
 * Who lives, as this host sees it: whoever was silent for a lease is dead. Silence counts only while we
 * hear ourselves on the same way, so that a server that was away, or a link of our own that was down,
 * kills nobody.
 */
export class Membership {
  readonly #ownId: string;
  readonly #leaseMs: number;
  readonly #clock: Clock;
  readonly #members = new Map<string, Known>();
  #ownHeardMs: number;

  constructor(options: { readonly hostId: string; readonly leaseMs: number; readonly clock: Clock }) {
    this.#ownId = options.hostId;
    this.#leaseMs = options.leaseMs;
    this.#clock = options.clock;
    this.#ownHeardMs = this.#clock.monotonicMs();
  }

  /** What is not new may be of somebody dead: it has a lease from now on and takes nothing until it beats. */
  heard({ hostId, beat, leaving }: Member, isNew: boolean): void {
    const nowMs = this.#clock.monotonicMs();
    if (hostId === this.#ownId) {
      this.#heardSelf(nowMs);
      return;
    }
    const known = this.#know(hostId, nowMs);
    if (beat === 0) known.dead = true;
    // A watch that begins again tells the newest heartbeat again: that is no sign of life.
    else if (beat > known.beat)
      Object.assign(known, { beat, heardMs: nowMs, dead: false, leaving: leaving || !isNew });
  }

  /** Those who may own partitions; this host is one of them. */
  live(): readonly string[] {
    const nowMs = this.#clock.monotonicMs();
    for (const [hostId, known] of this.#members) {
      this.#judge(known, nowMs);
      if (nowMs - known.heardMs > this.#leaseMs * rememberedLeases) this.#members.delete(hostId);
    }
    const others = [...this.#members].filter(([, { dead, leaving }]) => !dead && !leaving);
    return [this.#ownId, ...others.map(([hostId]) => hostId)];
  }

  /** Whether somebody's lease has run out. One who was never heard has a lease from now on. */
  isDead(hostId: string): boolean {
    if (hostId === this.#ownId) return false;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#know(hostId, nowMs);
    this.#judge(known, nowMs);
    return known.dead;
  }

  /** One who came less than a lease ago cannot know yet who died before. */
  isYoung(hostId: string): boolean {
    const { sinceMs } = this.#members.get(hostId) ?? { sinceMs: this.#clock.monotonicMs() };
    return this.#clock.monotonicMs() - sinceMs < this.#leaseMs * 2;
  }

  /** One who was never heard takes nothing before it is. */
  #know(hostId: string, nowMs: number): Known {
    const known = this.#members.get(hostId) ?? {
      beat: 0,
      sinceMs: nowMs,
      heardMs: nowMs,
      dead: false,
      leaving: true,
    };
    this.#members.set(hostId, known);
    return known;
  }

  #judge(known: Known, nowMs: number): void {
    if (this.#isDeaf(nowMs)) return;
    if (nowMs - known.heardMs >= this.#leaseMs) known.dead = true;
  }

  /** We would have heard ourselves by now. */
  #isDeaf(nowMs: number): boolean {
    return nowMs - this.#ownHeardMs > this.#leaseMs / 2;
  }

  #heardSelf(nowMs: number): void {
    if (this.#isDeaf(nowMs)) {
      for (const known of this.#members.values()) if (!known.dead) known.heardMs = nowMs;
    }
    this.#ownHeardMs = nowMs;
  }
}
