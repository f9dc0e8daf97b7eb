import { type Deliveries, type Delivery, isPush, type Push } from '@rapport/proto/delivery.ts';

type Stored = Extract<Push, { readonly to: 'stored' }>;

/**
 * The most frequent push by far, with its fields by position: half as long, and read twice as fast. Only
 * the id is sent where device, clientSeq and seq follow from the push before.
 */
type StoredInPlace = readonly [deviceId: string, clientSeq: number, seq: number, id: string] | string;

type Place = Exclude<Push, Stored> | StoredInPlace;

type DeliveryInPlace = readonly [creatorId: string, userId: string, epoch: number, ...pushes: Place[]];

interface Header {
  readonly hostId: string;
  readonly number: number;
  readonly deliveries: readonly DeliveryInPlace[];
}

/**
 * The text has lines: first the deliveries, then each stored message's frame as it is. JSON has no line
 * break of its own, so the gateway passes these frames on without reading them. Each push that is an array
 * or a string has a line, also in later forms; a push that is an object has none. So a reader that leaves a
 * push out knows which line is its.
 */
export function encodeDeliveries({ hostId, number, deliveries, messages }: Deliveries): string {
  const header = JSON.stringify({ hostId, number, deliveries: deliveries.map(inPlace) } satisfies Header);
  return messages.length === 0 ? header : `${header}\n${messages.join('\n')}`;
}

/**
 * Decoder: only Rapport's own processes publish on these subjects. Pushes that a newer owner sends and this
 * gateway does not know are left out, each with its line: a line that went to another push would show a
 * person what somebody else said.
 */
export function decodeDeliveries(text: string): Deliveries {
  const [header = '', ...lines] = text.split('\n');
  const { hostId, number, deliveries } = JSON.parse(header) as Header;
  const reading: Reading = { line: 0, leftOut: new Set() };
  const read = deliveries.map((delivery) => ofPlaces(delivery, reading));
  const { leftOut } = reading;
  const messages = leftOut.size === 0 ? lines : lines.filter((_, at) => !leftOut.has(at));
  return { hostId, number, deliveries: read, messages };
}

/** How far a decoder has come through the lines. */
interface Reading {
  line: number;
  readonly leftOut: Set<number>;
}

function inPlace({ creatorId, userId, epoch, pushes }: Delivery): DeliveryInPlace {
  let before: Stored | undefined;
  const places = pushes.map((push): Place => {
    const last = before;
    before = push.to === 'stored' ? push : undefined;
    if (push.to !== 'stored') return push;
    const { deviceId, clientSeq, seq, id } = push;
    return isNext(last, push) ? id : [deviceId, clientSeq, seq, id];
  });
  return [creatorId, userId, epoch, ...places];
}

function isNext(last: Stored | undefined, { deviceId, clientSeq, seq }: Stored): boolean {
  return last?.deviceId === deviceId && last.clientSeq === clientSeq - 1 && last.seq === seq - 1;
}

function ofPlaces([creatorId, userId, epoch, ...places]: DeliveryInPlace, reading: Reading): Delivery {
  const pushes: Push[] = [];
  let before: Stored | undefined;
  for (const place of places) {
    if (typeof place === 'object' && !Array.isArray(place)) {
      before = undefined;
      if (place !== null && isPush(place)) pushes.push(place);
      continue;
    }
    before = storedOf(place as StoredInPlace, before);
    if (before === undefined) reading.leftOut.add(reading.line);
    else pushes.push(before);
    reading.line += 1;
  }
  return { creatorId, userId, epoch, pushes };
}

/** Undefined for a form that is not known here, and for the next of such a form. */
function storedOf(place: StoredInPlace, last: Stored | undefined): Stored | undefined {
  if (typeof place !== 'string') {
    const [deviceId, clientSeq, seq, id] = place;
    const isStored = typeof clientSeq === 'number' && typeof seq === 'number' && typeof id === 'string';
    return isStored ? { to: 'stored', deviceId, clientSeq, id, seq } : undefined;
  }
  if (last === undefined) return undefined;
  const { deviceId, clientSeq, seq } = last;
  return { to: 'stored', deviceId, clientSeq: clientSeq + 1, id: place, seq: seq + 1 };
}
