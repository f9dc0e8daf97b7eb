import type { Clock } from '@rapport/runtime/clock.ts';

/** How often a host sends a heartbeat, and after how much silence others claim its partitions. */
export interface LeaseProfile {
  readonly heartbeatMs: number;
  readonly leaseMs: number;
}

/** `fast` tolerates a stall of half a second, `safe` a stall of two seconds. */
export const leaseProfiles = {
  fast: { heartbeatMs: 200, leaseMs: 800 },
  safe: { heartbeatMs: 1_000, leaseMs: 3_500 },
} as const satisfies Readonly<Record<string, LeaseProfile>>;

/** The part of its lease that this host uses. It stops before the rest has run out, when others may begin. */
const ownShare = 0.6;

/**
 * Whether this host may still act as an owner. The lease counts from the sending of the last heartbeat that
 * arrived, on this host's own clock. So a host that was stopped knows it before it does anything else.
 */
export class Lease {
  readonly #clock: Clock;
  readonly #ownMs: number;
  #untilMs = Number.NEGATIVE_INFINITY;
  #renewed = Promise.withResolvers<void>();

  constructor(clock: Clock, { leaseMs }: LeaseProfile) {
    this.#clock = clock;
    this.#ownMs = leaseMs * ownShare;
  }

  get held(): boolean {
    return this.#clock.monotonicMs() < this.#untilMs;
  }

  /** A heartbeat that was sent at that time has arrived. */
  renew(sentMs: number): void {
    this.#untilMs = sentMs + this.#ownMs;
    this.#renewed.resolve();
    this.#renewed = Promise.withResolvers();
  }

  /** Resolves when the lease is held. Rejects when the signal aborts before. */
  async ensure(signal: AbortSignal): Promise<void> {
    while (!this.held) {
      signal.throwIfAborted();
      const aborted = Promise.withResolvers<never>();
      const abort = () => aborted.reject(signal.reason);
      signal.addEventListener('abort', abort);
      try {
        await Promise.race([this.#renewed.promise, aborted.promise]);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    }
  }
}
