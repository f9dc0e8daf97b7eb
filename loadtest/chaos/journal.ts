/** What one device of a person saw, as it saw it. Times are of one monotonic clock, in milliseconds. */
export interface DeviceJournal {
  readonly device: string;
  /** Everything that the SDK promised to deliver, in the order in which it was said. */
  readonly said: readonly SaidEntry[];
  /** News that a say is stored, as they came; a say may have several. */
  readonly receipts: readonly ReceiptEntry[];
  /** One for each life of the client: a reload begins another. */
  readonly views: readonly (readonly ShownMessage[])[];
  readonly connections: readonly ConnectionEntry[];
}

export interface SaidEntry {
  readonly id: string;
  readonly text: string;
  readonly atMs: number;
}

export interface ReceiptEntry {
  readonly id: string;
  /** 0 where a welcome or the message itself said so, or the actor does not know where any more. */
  readonly seq: number;
  readonly atMs: number;
}

/** A message as it was shown. */
export interface ShownMessage {
  readonly seq: number;
  readonly id: string;
}

export interface ConnectionEntry {
  readonly at: 'open' | 'lost' | 'left';
  readonly atMs: number;
}

/** A message in the store. */
export interface StoredMessage {
  readonly seq: number;
  readonly id: string;
  readonly role: string;
  readonly text: string;
  /** Empty where it is no answer. */
  readonly turnId: string;
}

/** Everything that is known of one person when all is quiet again. */
export interface PersonRecord {
  readonly person: string;
  /** Whether a coach owes this person answers. */
  readonly answered: boolean;
  readonly devices: readonly DeviceJournal[];
  /** All pages of the store, in the order in which they came. */
  readonly stored: readonly StoredMessage[];
  /** The log's own says of this person, in its order. */
  readonly logged: readonly LoggedSay[];
}

export interface LoggedSay {
  readonly deviceId: string;
  readonly clientSeq: number;
  readonly id: string;
}
