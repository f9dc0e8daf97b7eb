import type { Envelope, Said } from './envelope.ts';

/**
 * The log (INBOX) holds batches of envelopes as JSON, because V8 reads and writes JSON faster than any
 * protobuf library (docs/decisions/0002). The format changes only by adding.
 */
interface Batch {
  readonly envelopes: readonly EnvelopeJson[];
}

type EnvelopeJson = Envelope | SaidInPlace;

/** The most frequent envelope by far, with its fields by position: half as long, and read twice as fast. */
type SaidInPlace = readonly [
  kind: 'said',
  creatorId: string,
  userId: string,
  deviceId: string,
  channel: string,
  clientSeq: number,
  id: string,
  text: string,
  choiceId?: string,
];

/** An entry of a batch, or a whole record, that this process cannot read. It belongs to DEAD. */
export interface Unreadable {
  readonly unreadable: string;
  /** The entry as the record holds it. */
  readonly bytes: Uint8Array;
}

export type BatchEntry = Envelope | Unreadable;

const said = 'said' satisfies Said['kind'];
const saidPlaces = 8;

/** One envelope as an entry of a batch. */
export function encodeEnvelope(envelope: Envelope): string {
  return JSON.stringify(inPlace(envelope));
}

/** A record of the log, of entries that `encodeEnvelope` made. */
export function encodeBatch(entries: readonly string[]): string {
  return `{"envelopes":[${entries.join(',')}]}`;
}

function inPlace(envelope: Envelope): EnvelopeJson {
  const { creatorId, userId, event } = envelope;
  if (event.kind !== said) return envelope;
  const { deviceId, channel, clientSeq, id, text, choiceId } = event;
  return choiceId === undefined
    ? [said, creatorId, userId, deviceId, channel, clientSeq, id, text]
    : [said, creatorId, userId, deviceId, channel, clientSeq, id, text, choiceId];
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The entries of a record, each by itself: an entry that cannot be read leaves the others as they are. A
 * record that is no batch at all is one unreadable entry. Only Rapport's own processes write records, so
 * beyond what the fold needs little is checked.
 */
export function decodeBatch(bytes: Uint8Array): readonly BatchEntry[] {
  const entries = entriesOf(bytes);
  if (entries === undefined) return [{ unreadable: 'this record is not a batch of envelopes', bytes }];
  return entries.map((entry) => envelopeIn(entry) ?? unreadableOf(entry));
}

/** The envelopes of a record, without the entries that cannot be read. */
export function envelopesOf(bytes: Uint8Array): readonly Envelope[] {
  return decodeBatch(bytes).filter(isReadable);
}

export function isReadable(entry: BatchEntry): entry is Envelope {
  return !('unreadable' in entry);
}

/** One entry by itself, as DEAD keeps it; undefined when it is not an envelope. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | undefined {
  try {
    return envelopeIn(JSON.parse(utf8.decode(bytes)));
  } catch {
    return undefined; // Not JSON, or not even UTF-8.
  }
}

function entriesOf(bytes: Uint8Array): readonly unknown[] | undefined {
  try {
    const batch: Partial<Batch> | null = JSON.parse(utf8.decode(bytes));
    return Array.isArray(batch?.envelopes) ? batch.envelopes : undefined;
  } catch {
    return undefined; // Not JSON, or not even UTF-8.
  }
}

function envelopeIn(entry: unknown): Envelope | undefined {
  if (Array.isArray(entry)) return ofPlaces(entry);
  return isEnvelope(entry) ? entry : undefined;
}

function unreadableOf(entry: unknown): Unreadable {
  const bytes = Buffer.from(JSON.stringify(entry));
  return { unreadable: 'this entry of a batch is not an envelope', bytes };
}

function ofPlaces(entry: readonly unknown[]): Envelope | undefined {
  const [kind, creatorId, userId, deviceId, channel, clientSeq, id, text, choiceId] = entry as SaidInPlace;
  if (kind !== said || entry.length < saidPlaces || typeof clientSeq !== 'number') return undefined;
  if (typeof creatorId !== 'string' || typeof userId !== 'string' || typeof text !== 'string')
    return undefined;
  const event: Said =
    choiceId === undefined
      ? { kind, deviceId, clientSeq, id, text, channel }
      : { kind, deviceId, clientSeq, id, text, channel, choiceId };
  return { creatorId, userId, event };
}

function isEnvelope(entry: unknown): entry is Envelope {
  if (typeof entry !== 'object' || entry === null) return false;
  if (!('creatorId' in entry && 'userId' in entry && 'event' in entry)) return false;
  const { creatorId, userId, event } = entry;
  if (typeof creatorId !== 'string' || typeof userId !== 'string') return false;
  return typeof event === 'object' && event !== null && 'kind' in event && typeof event.kind === 'string';
}
