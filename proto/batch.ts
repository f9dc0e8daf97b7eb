import type { Envelope, Said } from './envelope.ts';

/**
 * The log (INBOX) holds batches of envelopes as JSON, because V8 reads and writes JSON faster than any
 * protobuf library (docs/decisions/0002). The format changes only by adding.
 */
interface Batch {
  readonly envelopes: readonly (Envelope | SaidInPlace)[];
}

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

function inPlace(envelope: Envelope): Envelope | SaidInPlace {
  const { creatorId, userId, event } = envelope;
  if (event.kind !== said) return envelope;
  const { deviceId, channel, clientSeq, id, text, choiceId } = event;
  return choiceId === undefined
    ? [said, creatorId, userId, deviceId, channel, clientSeq, id, text]
    : [said, creatorId, userId, deviceId, channel, clientSeq, id, text, choiceId];
}

/**
 * Undefined for what is no batch. Only Rapport's own processes write one, so beyond that little is checked.
 */
export function decodeBatch(json: string): readonly Envelope[] | undefined {
  const all = givenIn(json);
  if (all === undefined) return undefined;
  const envelopes: Envelope[] = [];
  for (const given of all) {
    const envelope = Array.isArray(given) ? ofPlaces(given) : isEnvelope(given) ? given : undefined;
    if (envelope === undefined) return undefined;
    envelopes.push(envelope);
  }
  return envelopes;
}

function givenIn(json: string): readonly unknown[] | undefined {
  try {
    const batch: Partial<Batch> | null = JSON.parse(json);
    return Array.isArray(batch?.envelopes) ? batch.envelopes : undefined;
  } catch {
    return undefined;
  }
}

function ofPlaces(given: readonly unknown[]): Envelope | undefined {
  const [kind, creatorId, userId, deviceId, channel, clientSeq, id, text, choiceId] = given as SaidInPlace;
  if (kind !== said || given.length < saidPlaces || typeof clientSeq !== 'number') return undefined;
  if (typeof creatorId !== 'string' || typeof userId !== 'string' || typeof text !== 'string')
    return undefined;
  const event: Said =
    choiceId === undefined
      ? { kind, deviceId, clientSeq, id, text, channel }
      : { kind, deviceId, clientSeq, id, text, channel, choiceId };
  return { creatorId, userId, event };
}

function isEnvelope(given: unknown): given is Envelope {
  if (typeof given !== 'object' || given === null) return false;
  return 'creatorId' in given && typeof given.creatorId === 'string' && 'userId' in given && 'event' in given;
}
