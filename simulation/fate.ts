import type { Clock } from '@rapport/runtime/clock.ts';
import type { Owner, VirtualTime } from './virtual-time.ts';

/** The wall clock at the start of a run: a moment in 2027. */
const beganAtMs = 1_800_000_000_000;

/**
 * A process or a browser tab as the world sees it: alive, stalled (its time goes by and it does nothing) or
 * dead. Everything from outside passes here. So a dead process goes no step further, while its earlier
 * messages still arrive.
 */
export class Fate implements Owner {
  readonly name: string;
  readonly clock: Clock;
  readonly #time: VirtualTime;
  #at: 'alive' | 'stalled' | 'dead' = 'alive';
  #missed: (() => void)[] = [];
  #cutOff = false;
  readonly #onReturn = new Set<() => void>();
  readonly #onDeath = new Set<() => void>();

  constructor(name: string, time: VirtualTime) {
    this.name = name;
    this.#time = time;
    this.clock = {
      wallMs: () => beganAtMs + time.nowMs,
      monotonicMs: () => time.nowMs,
      sleep: (ms, signal) => this.#sleep(ms, signal),
      every: (ms, tick) => this.#every(ms, tick),
    };
  }

  get at(): 'alive' | 'stalled' | 'dead' {
    return this.#at;
  }

  take(act: () => void): void {
    if (this.#at === 'alive') act();
    else if (this.#at === 'stalled') this.#missed.push(act);
  }

  /** Does `act` in this process after `ms`; the returned function prevents it. */
  later(ms: number, act: () => void): () => void {
    return this.#time.after(ms, act, this);
  }

  /**
   * Asks something outside. `act` happens there after `thereMs`, even if the asker died meanwhile. Its result
   * or its error is here `backMs` later.
   */
  ask<T>(
    { thereMs, backMs }: { readonly thereMs: number; readonly backMs: number },
    act: () => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#time.after(thereMs, () => {
        try {
          const answer = act();
          this.later(backMs, () => resolve(answer));
        } catch (failure) {
          this.later(backMs, () => reject(failure));
        }
      });
    });
  }

  stall(): void {
    if (this.#at === 'alive') this.#at = 'stalled';
  }

  /** Goes on, with everything that arrived during the stall. */
  goOn(): void {
    if (this.#at !== 'stalled') return;
    this.#at = 'alive';
    for (const act of this.#missed.splice(0)) this.later(0, act);
  }

  /** The connection to log, lanes, owners, members and timers is down. The store can still be reached. */
  get isCutOff(): boolean {
    return this.#cutOff;
  }

  cutOff(): void {
    this.#cutOff = true;
  }

  reconnect(): void {
    if (!this.#cutOff) return;
    this.#cutOff = false;
    for (const act of this.#onReturn) this.later(0, act);
  }

  /** Calls `act` each time the connection comes back, until the returned function is called. */
  onReturn(act: () => void): () => void {
    this.#onReturn.add(act);
    return () => this.#onReturn.delete(act);
  }

  /** Calls `act` when the process dies: its connections break then. */
  onDeath(act: () => void): void {
    this.#onDeath.add(act);
  }

  die(): void {
    if (this.#at === 'dead') return;
    this.#at = 'dead';
    this.#missed = [];
    for (const act of this.#onDeath) act();
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = this.later(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  #every(ms: number, tick: () => void): () => void {
    let ended = false;
    let cancel = () => {};
    const next = () => {
      cancel = this.later(ms, () => {
        if (ended) return;
        next();
        tick();
      });
    };
    next();
    return () => {
      ended = true;
      cancel();
    };
  }
}
