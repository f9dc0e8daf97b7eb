/** Everything that one device of a person saw. Times are milliseconds of one monotonic clock. */
export interface DeviceJournal {
  readonly device: string;
  /** Everything that the SDK promised to deliver, in the order in which it was said. */
  readonly said: readonly SaidEntry[];
  /** Receipts, in the order in which they came. A say may have several. */
  readonly receipts: readonly ReceiptEntry[];
  /** One view for each life of the client. A reload begins another life. */
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
  /** 0 where a welcome or the message itself told it, or where the actor has forgotten the seq. */
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
  /** Empty where the message is no answer. */
  readonly turnId: string;
}

/** Everything about one person, once all is quiet again. */
export interface PersonRecord {
  readonly person: string;
  /** Whether a coach owes this person answers. */
  readonly answered: boolean;
  readonly devices: readonly DeviceJournal[];
  /** All pages of the store, in the order in which they came. */
  readonly stored: readonly StoredMessage[];
  /** This person's says in the log, in the log's order. */
  readonly logged: readonly LoggedSay[];
}

export interface LoggedSay {
  readonly deviceId: string;
  readonly clientSeq: number;
  readonly id: string;
}
