/**
 * The owner of a partition and its progress. Kept in NATS KV bucket `owners`; the key is the partition.
 */
export interface Owner {
  readonly partition: number;
  /** The incarnation of the host that owns the partition; empty when no host does. */
  readonly hostId: string;
  /** Grows by one with each change of owner. */
  readonly epoch: number;
  /** Sequence of the newest log record whose effects are all performed. */
  readonly checkpoint: number;
  /** Conversations (`creatorId/userId`) with an answer being written at that checkpoint. */
  readonly running: readonly string[];
}

export interface Owners {
  /**
   * Calls `onChange` with every partition's owner, and then with each change. Resolves once all
   * owners that exist were given. The returned function ends the watch.
   */
  watch(onChange: (owner: Owner) => void): Promise<() => void>;
  /**
   * Makes `hostId` the owner with the next epoch, by compare-and-set, if `mayTake` allows it for the owner
   * before. Resolves with undefined when it does not, or when another host was faster.
   */
  claim(partition: number, hostId: string, mayTake?: (before: Owner) => boolean): Promise<Owner | undefined>;
  /**
   * Writes the owner's progress by compare-and-set. Resolves with false when that epoch is over. An empty
   * `hostId` lets go of the partition. Throws when it is not known whether the progress is written.
   */
  checkpoint(owner: Owner): Promise<boolean>;
}
