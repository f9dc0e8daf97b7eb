/** A heartbeat of a member. */
export interface Member {
  readonly hostId: string;
  /** Heartbeats are counted from 1; 0 tells that the member is gone. */
  readonly beat: number;
  /** Whether the member is letting go of its partitions and takes no more. */
  readonly leaving: boolean;
}

/** `isNew` is false for a heartbeat from before the watch began: its member may be dead by now. */
export type OnMember = (member: Member, isNew: boolean) => void;

/**
 * The actor hosts that live: each writes a heartbeat under its own name for as long as it lives. Kept in NATS
 * KV bucket `members`, in memory; the key is a host's incarnation.
 */
export interface Members {
  /**
   * Calls `onChange` with the newest heartbeat of every member there is, and then with each new one. A
   * heartbeat may be told twice. Ends when the returned function is called.
   */
  watch(onChange: OnMember): Promise<() => void>;
  /** Resolves once watchers will be told of it. Throws when that is not known within `withinMs`. */
  beat(member: Member, withinMs: number): Promise<void>;
  /** Tells that the host is gone. */
  leave(hostId: string): Promise<void>;
}
