/** What one append put into the log, with the log's own sequence and time for all of its envelopes. */
export interface LogRecord {
  readonly partition: number;
  /** The record's sequence in the log; envelopes of one record share it and differ by their index. */
  readonly sequence: number;
  readonly timeUs: number;
  /** Records of this partition that follow this one; 0 at the tail. */
  readonly pending: number;
  /** A batch, for `decodeBatch`. Records that wait stay encoded, so that they take no more than this. */
  readonly bytes: Uint8Array;
}

/**
 * The durable log of what happens to conversations. It is ordered within a partition, and on disk before an
 * append resolves. `inbox-nats.ts` keeps it in JetStream stream INBOX.
 */
export interface Inbox {
  /** Fixed for the log's life. */
  readonly partitions: number;
  /**
   * Appends one record of these entries, which `encodeEnvelope` made. `appendId` makes a repetition within
   * two minutes harmless. Throws Fault `busy` when the record is not known to be on disk; it may be there all
   * the same. Throws Fault `bad_request` when the log takes no such record.
   */
  append(partition: number, entries: readonly string[], appendId: string): Promise<void>;
  /**
   * Reads a partition in order from the first record whose sequence is greater than `afterSequence`, and
   * then each new record, until the signal aborts. Goes on by itself after a lost connection or a restarted
   * server.
   */
  read(partition: number, afterSequence: number, signal: AbortSignal): AsyncIterable<LogRecord>;
  /** The sequence of the newest record of any partition, even where it was deleted since. */
  lastSequence(): Promise<number>;
  /** The sequence of the newest record of any partition from before `timeMs`; 0 when there is none. */
  newestBefore(timeMs: number): Promise<number>;
  /** Deletes a partition's records up to and including `throughSequence`. */
  purge(partition: number, throughSequence: number): Promise<void>;
  /** Puts bytes that could not be processed into DEAD, with the reason. */
  bury(record: {
    readonly partition: number;
    readonly bytes: Uint8Array;
    readonly reason: string;
  }): Promise<void>;
}
