import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { type Allowance, fullAllowance } from '../sockets/allowance.ts';
import type { Room } from '../sockets/session.ts';
import { Budgets } from './budgets.ts';
import type { PersonLimits } from './limits.ts';

/** People who left with says used up. More people within one window are an attack. */
const leftMax = 100_000;
const minuteMs = 60_000;

/** The limits of one gateway that counts for itself. */
export class MemoryLimits implements PersonLimits {
  readonly together = false;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #visitors: Budgets;
  /**
   * The allowances of people who left, the longest gone first: a person who comes back has no more than
   * before.
   */
  readonly #left = new Map<string, { readonly allowance: Allowance; readonly leftAtMs: number }>();

  constructor({ limits, clock }: { readonly limits: Limits; readonly clock: Clock }) {
    this.#limits = limits;
    this.#clock = clock;
    this.#visitors = new Budgets({ max: limits.visitorTokensPerMinuteMax, windowMs: minuteMs });
  }

  start(): void {}

  joined(room: Room): void {
    const kept = this.#left.get(room.name);
    if (kept === undefined) return;
    this.#left.delete(room.name);
    room.allowance = kept.allowance;
  }

  left({ name, sessions, allowance }: Room): void {
    if (sessions.length > 0 || allowance === fullAllowance || this.#left.size >= leftMax) return;
    this.#left.set(name, { allowance, leftAtMs: this.#clock.monotonicMs() });
  }

  /** Nothing to do: the room's allowance is the only count. */
  said(): void {}

  unsaid(): void {}

  async visitor(address: string): Promise<number> {
    return this.#visitors.spend(address, 1, this.#clock.monotonicMs());
  }

  /** Forgets people whose allowance is whole again. */
  tick(nowMs: number): void {
    for (const [name, { leftAtMs }] of this.#left) {
      if (nowMs - leftAtMs < this.#limits.saysWindowMs) return;
      this.#left.delete(name);
    }
  }

  close(): void {}
}
