import type { Clock } from '@rapport/runtime/clock.ts';
import type { Request } from './http.ts';

const windowMs = 60_000;
/**
 * Addresses counted in one window; more than that is an attack, and everybody new waits for the next window.
 */
const addressesMax = 100_000;

/** Counts what each address asked for in this minute. */
export class AddressRate {
  readonly #perMinuteMax: number;
  readonly #header: string;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  #windowEndMs = 0;

  constructor(options: {
    readonly perMinuteMax: number;
    /** The header in which the proxy in front writes the client's address; empty when there is no proxy. */
    readonly header: string;
    readonly clock: Clock;
  }) {
    this.#perMinuteMax = options.perMinuteMax;
    this.#header = options.header.toLowerCase();
    this.#clock = options.clock;
  }

  /** 0 when the address may go on, else the milliseconds until it may. */
  take(request: Pick<Request, 'headers' | 'address'>): number {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#windowEndMs) {
      this.#counts.clear();
      this.#windowEndMs = nowMs + windowMs;
    }
    const name = networkOf(this.#addressOf(request));
    const count = this.#counts.get(name) ?? 0;
    const full = count === 0 && this.#counts.size >= addressesMax;
    if (full || count >= this.#perMinuteMax) return Math.ceil(this.#windowEndMs - nowMs);
    this.#counts.set(name, count + 1);
    return 0;
  }

  /** The last entry is the one that the nearest proxy wrote; those before it are only claimed. */
  #addressOf({ headers, address }: Pick<Request, 'headers' | 'address'>): string {
    const claimed = this.#header === '' ? undefined : headers.get(this.#header);
    return claimed?.split(',').at(-1)?.trim() ?? address;
  }
}

/** One household has a whole /64 of IPv6. The socket gives addresses in full: eight groups of four digits. */
function networkOf(address: string): string {
  const groups = address.split(':');
  const mapped = address.startsWith('0000:0000:0000:0000:0000:ffff:');
  return groups.length === 8 && !mapped ? groups.slice(0, 4).join(':') : address;
}
