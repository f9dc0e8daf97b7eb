/** A heartbeat of a member. */
export interface Member {
  readonly hostId: string;
  /** Heartbeats are counted from 1; 0 tells that it is gone. */
  readonly beat: number;
  /** It lets go of what it owns and takes nothing more. */
  readonly leaving: boolean;
}

/** `isNew` is false for what was written before anybody watched, which says nothing of now. */
export type OnMember = (member: Member, isNew: boolean) => void;

/**
 * Which actor hosts there are: each writes a heartbeat under its own name for as long as it lives. Kept in
 * NATS KV bucket `members`, in memory, key = incarnation of a host.
 */
export interface Members {
  /**
   * Calls `onChange` with the newest heartbeat of every member there is, and then with each; a heartbeat may
   * be told twice. Ends when the returned function is called.
   */
  watch(onChange: OnMember): Promise<() => void>;
  /** Resolves once whoever watches will be told of it; throws when that is not known within `withinMs`. */
  beat(member: Member, withinMs: number): Promise<void>;
  /** Tells that the host is gone. */
  leave(hostId: string): Promise<void>;
}
