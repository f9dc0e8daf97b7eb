import type { ConversationKey } from '@rapport/proto/identity.ts';

/** One setting of a timer of a conversation. `timerId` matches `[a-z-]+`. */
export interface TimerKey extends ConversationKey {
  readonly timerId: string;
  /** Grows with each setting, so that repeating an older setting does not touch a newer one. */
  readonly generation: number;
}

/**
 * Durable timers: each puts a `timer_fired` event into the log when its time has come, whichever processes
 * live. `timers-nats.ts` keeps them in JetStream stream INBOX.
 */
export interface Timers {
  /**
   * Resolves when the timer is on disk. A timer whose time has passed fires at once. Scheduling it
   * again is harmless. Throws Fault `busy` when it is not known to be on disk.
   */
  schedule(timer: TimerKey & { readonly atMs: number }): Promise<void>;
  /** Keeps the timer from firing, unless it has just fired. Throws Fault `busy`. */
  unschedule(timer: TimerKey): Promise<void>;
}
