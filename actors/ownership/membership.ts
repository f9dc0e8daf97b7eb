import type { Clock } from '@rapport/runtime/clock.ts';
import type { Member } from '@rapport/stream/members.ts';

interface Known {
  beat: number;
  readonly sinceMs: number;
  /** When the newest heartbeat came, by this host's clock. */
  heardMs: number;
  dead: boolean;
  /** Gets no partitions: it is leaving, or has not sent a new heartbeat yet. */
  leaving: boolean;
}

/** A member is forgotten after this many leases of silence. */
const rememberedLeases = 1_000;

/**
 * The members that live, as this host sees it: a member that was silent for a lease is dead. Silence counts
 * only while this host hears its own heartbeats on the same way. So a server that was away, or a link of
 * this host that was down, makes no member count as dead.
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

  /**
   * An entry replayed by the watch (`isNew` false) may belong to a dead host. It gets one lease from now,
   * and no partitions until it sends a new heartbeat.
   */
  heard({ hostId, beat, leaving }: Member, isNew: boolean): void {
    const nowMs = this.#clock.monotonicMs();
    if (hostId === this.#ownId) {
      this.#heardSelf(nowMs);
      return;
    }
    const known = this.#know(hostId, nowMs);
    if (beat === 0) known.dead = true;
    // A watch that begins again repeats the newest heartbeat, which is no sign of life.
    else if (beat > known.beat)
      Object.assign(known, { beat, heardMs: nowMs, dead: false, leaving: leaving || !isNew });
  }

  /** The members that may own partitions. This host is one of them. */
  live(): readonly string[] {
    const nowMs = this.#clock.monotonicMs();
    for (const [hostId, known] of this.#members) {
      this.#judge(known, nowMs);
      if (nowMs - known.heardMs > this.#leaseMs * rememberedLeases) this.#members.delete(hostId);
    }
    const others = [...this.#members].filter(([, { dead, leaving }]) => !dead && !leaving);
    return [this.#ownId, ...others.map(([hostId]) => hostId)];
  }

  /** Whether a member's lease has run out. A member that was never heard of gets a lease from now. */
  isDead(hostId: string): boolean {
    if (hostId === this.#ownId) return false;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#know(hostId, nowMs);
    this.#judge(known, nowMs);
    return known.dead;
  }

  /** A host that joined less than two leases ago cannot tell yet which owners are dead. */
  isYoung(hostId: string): boolean {
    const { sinceMs } = this.#members.get(hostId) ?? { sinceMs: this.#clock.monotonicMs() };
    return this.#clock.monotonicMs() - sinceMs < this.#leaseMs * 2;
  }

  /** A member that was never heard of gets no partitions before its first heartbeat. */
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

  /** Whether this host should have heard its own heartbeat by now. */
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
