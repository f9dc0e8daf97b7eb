import type { Deliveries, Delivery, Push } from '@rapport/proto/delivery.ts';

type Stored = Extract<Push, { readonly to: 'stored' }>;

/**
 * By far the most frequent push, its fields told by their places: half as long, and read twice as fast. Of
 * the same device's next say with the next seq, only the id.
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
 * Lines: what is delivered to whom, then each stored message's frame as it is. JSON has no line break of its
 * own, so the gateway passes these frames on without reading them.
 */
export function encodeDeliveries({ hostId, number, deliveries, messages }: Deliveries): string {
  const header = JSON.stringify({ hostId, number, deliveries: deliveries.map(inPlace) } satisfies Header);
  return messages.length === 0 ? header : `${header}\n${messages.join('\n')}`;
}

/** Decoder: only Rapport's own processes publish on these subjects. */
export function decodeDeliveries(text: string): Deliveries {
  const [header = '', ...messages] = text.split('\n');
  const { hostId, number, deliveries } = JSON.parse(header) as Header;
  return { hostId, number, deliveries: deliveries.map(ofPlaces), messages };
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

function ofPlaces([creatorId, userId, epoch, ...places]: DeliveryInPlace): Delivery {
  let before: Stored | undefined;
  const pushes = places.map((place): Push => {
    before = storedOf(place, before);
    return before ?? (place as Push);
  });
  return { creatorId, userId, epoch, pushes };
}

/** Undefined for another kind of push. */
function storedOf(place: Place, last: Stored | undefined): Stored | undefined {
  if (typeof place !== 'string') {
    if (!isInPlace(place)) return undefined;
    const [deviceId, clientSeq, seq, id] = place;
    return { to: 'stored', deviceId, clientSeq, id, seq };
  }
  if (last === undefined) throw new Error('Cannot read a delivery: it begins with the next of something');
  const { deviceId, clientSeq, seq } = last;
  return { to: 'stored', deviceId, clientSeq: clientSeq + 1, id: place, seq: seq + 1 };
}

/** TypeScript does not narrow a readonly tuple by Array.isArray. */
function isInPlace(place: Exclude<Place, string>): place is Exclude<StoredInPlace, string> {
  return Array.isArray(place);
}
