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
   * Makes `hostId` the owner with the next epoch, by compare-and-set. Throws when somebody else was faster.
   */
  claim(partition: number, hostId: string): Promise<Owner>;
  /** Writes the owner's progress by compare-and-set; false when it is not the owner any more. */
  checkpoint(owner: Owner): Promise<boolean>;
}
