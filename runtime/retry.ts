import type { Clock } from './clock.ts';
import { isUnrecoverable } from './fault.ts';

/** Waits between attempts grow from firstMs by doubling up to mostMs. Each wait is spread by half. */
export interface Backoff {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** The wait before attempt `attempt` (1 is the first repetition); `random` is in [0, 1). */
export function backoffMs({ firstMs, mostMs }: Backoff, attempt: number, random: number): number {
  const whole = Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(whole * (0.5 + random / 2));
}

/**
 * Runs `attempt` until it succeeds, until the signal aborts, or until it fails in a way that no repetition
 * heals (a Fault whose `retry` is `never`). Calls `onFailure` with the failure before each wait. Throws the
 * last failure when it stops.
 */
export async function retryUntil<T>(
  attempt: () => Promise<T>,
  options: {
    readonly backoff: Backoff;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly onFailure: (failure: unknown, waitMs: number) => void;
  },
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (failure) {
      if (options.signal.aborted || isUnrecoverable(failure)) throw failure;
      const waitMs = backoffMs(options.backoff, tries, Math.random());
      options.onFailure(failure, waitMs);
      await options.clock.sleep(waitMs, options.signal);
    }
  }
}
