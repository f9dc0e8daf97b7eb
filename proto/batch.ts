import type { Envelope, Said } from './envelope.ts';

/**
 * What the log (INBOX) holds: a batch of envelopes as JSON, because V8 reads and writes it faster than any
 * protobuf library (docs/decisions/0002). It changes only by adding.
 */
interface Batch {
  readonly envelopes: readonly (Envelope | SaidInPlace)[];
}

/** By far the most frequent envelope, its fields told by places: half as long, and read twice as fast. */
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

export function encodeBatch(envelopes: readonly Envelope[]): string {
  return JSON.stringify({ envelopes: envelopes.map(inPlace) } satisfies Batch);
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
