import type { ConversationKey } from '@rapport/proto/identity.ts';

/** One setting of a timer of a conversation. `timerId` matches `[a-z-]+`. */
export interface TimerKey extends ConversationKey {
  readonly timerId: string;
  /** Grows with each setting, so that no repetition of an older one touches a newer one. */
  readonly generation: number;
}

/**
 * Durable timers: each puts a `timer_fired` event into the log when its time has come, whoever lives then.
 * `timers-nats.ts` keeps them in JetStream stream INBOX.
 */
export interface Timers {
  /**
   * Resolves when the timer is on disk. One whose time has passed fires at once; doing it again is harmless.
   * Throws Fault `busy` when it is not known to be on disk.
   */
  schedule(timer: TimerKey & { readonly atMs: number }): Promise<void>;
  /** It does not fire any more, unless it has just done so. Throws Fault `busy`. */
  unschedule(timer: TimerKey): Promise<void>;
}
