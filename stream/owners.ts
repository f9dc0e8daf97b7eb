/**
 * Who owns a partition, since when, and how far it has come. Kept in NATS KV bucket `owners`, key =
 * partition.
 */
export interface Owner {
  readonly partition: number;
  /** The host's incarnation; empty when nobody owns it. */
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
   * Calls `onChange` with every partition's owner, and then whenever one changes. Resolves once all that
   * exist were given; the returned function ends it.
   */
  watch(onChange: (owner: Owner) => void): Promise<() => void>;
  /**
   * Makes `hostId` the owner with the next epoch, by compare-and-set, when `mayTake` lets it have the
   * partition from the owner before; undefined when it does not, or when somebody else was faster.
   */
  claim(partition: number, hostId: string, mayTake?: (before: Owner) => boolean): Promise<Owner | undefined>;
  /**
   * Writes the owner's progress by compare-and-set; false when that epoch is over. With an empty `hostId` it
   * lets go. Throws when it is not known to be written.
   */
  checkpoint(owner: Owner): Promise<boolean>;
}
