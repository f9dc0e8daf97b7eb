import { retryOf } from './code.ts';
import type { Receipt, Welcome } from './frame.ts';
import { belongsTo, type KeptDevice, lastNumber, renumber, settle, type UnsentSay } from './outbox.ts';
import { boundedWait } from './surroundings.ts';

/** How far this connection has sent a device's says. */
export interface Flight {
  readonly sentUpTo: number;
  readonly acceptedUpTo: number;
  /**
   * The server has something under each number up to this one. Whether it is the say that is unsent here is
   * known only from its receipt, so nothing beyond goes out before those are answered.
   */
  readonly claimedUpTo: number;
  /** Rejections since the last progress: they make waits grow. */
  readonly setbacks: number;
  /** Answers since a number turned out to be another say's: nothing more is sent until all are in. */
  readonly reused:
    | { readonly stored: ReadonlySet<string>; readonly refused: ReadonlySet<string> }
    | undefined;
}

export type Verdict =
  /** Go on: send what fits. */
  | { readonly do: 'send'; readonly device: KeptDevice; readonly flight: Flight }
  /** Send again from the first unstored say, after a while. */
  | { readonly do: 'rewind'; readonly afterMs: number; readonly flight: Flight }
  /** Take this device with its new name and say hello anew. */
  | { readonly do: 'rename'; readonly device: KeptDevice }
  /** Say hello anew: its welcome tells what the server has. */
  | { readonly do: 'reconnect' }
  /** The says are another person's: leave them, and take a device of this person. */
  | { readonly do: 'leave' };

const rewindFirstMs = 50;
const rewindMostMs = 5_000;
const gapsMax = 6;

export function startFlight(device: KeptDevice, claimedUpTo = 0): Flight {
  const { storedUpTo } = device;
  return { sentUpTo: storedUpTo, acceptedUpTo: storedUpTo, claimedUpTo, setbacks: 0, reused: undefined };
}

/** Everything that has no receipt is sent again. */
export function rewound(device: KeptDevice, { claimedUpTo, setbacks }: Flight): Flight {
  return { ...startFlight(device, claimedUpTo), setbacks };
}

/**
 * The says to send now: at most `window` may be sent and not yet accepted. Only those on disk (`kept`) may
 * go, and none before the one ahead of it.
 */
export function sendable(
  device: KeptDevice,
  flight: Flight,
  { window, kept }: { readonly window: number; readonly kept: ReadonlySet<UnsentSay> },
): readonly UnsentSay[] {
  if (flight.reused) return [];
  const { storedUpTo } = device;
  const claimed = flight.claimedUpTo > storedUpTo ? flight.claimedUpTo : Number.POSITIVE_INFINITY;
  const last = Math.min(claimed, Math.max(flight.acceptedUpTo, storedUpTo) + window);
  const due = device.unsent.filter(({ clientSeq }) => clientSeq > flight.sentUpTo && clientSeq <= last);
  const unkept = due.findIndex((said) => !kept.has(said));
  return unkept === -1 ? due : due.slice(0, unkept);
}

/**
 * Judges a welcome. Less is stored than was known here at its hello: the server forgot the
 * device, so its says go on under a new name. (Receipts since that hello prove nothing: the connection
 * before brings them while this one opens.) More is stored than was ever numbered here, and nothing is
 * unsent: this copy of the device is stale, as in a restored profile, and takes a new name before it says
 * anything. In all other cases every unsent say goes out again, also under numbers that the server has:
 * `clientSeqStored` does not tell whose texts those are; the receipts do.
 */
export function onWelcome(
  device: KeptDevice,
  { clientSeqStored, userId }: Pick<Welcome, 'clientSeqStored' | 'userId'>,
  { storedAtHello, freshDeviceId }: { readonly storedAtHello: number; readonly freshDeviceId: string },
): Verdict {
  if (!belongsTo(device, userId)) return { do: 'leave' };
  const own = device.userId === userId ? device : { ...device, userId };
  const isForgotten = clientSeqStored < storedAtHello;
  const isStale = clientSeqStored > lastNumber(device) && device.unsent.length === 0;
  if (isForgotten || isStale) return { do: 'rename', device: renumber(own, freshDeviceId) };
  return { do: 'send', device: own, flight: startFlight(own, clientSeqStored) };
}

/**
 * Judges a receipt. A say that will never be taken leaves a hole in the numbers. The says behind it may
 * already be on their way under theirs, so they go on under a new device name instead of under new numbers
 * of the old one, where a late copy could be taken for another say. The renaming waits until all says before
 * it are stored: a say that is moved while its old number may still be taken would be stored twice.
 */
export function onReceipt(
  device: KeptDevice,
  flight: Flight,
  receipt: Receipt,
  freshDeviceId: string,
): Verdict {
  const said = device.unsent.find(({ clientSeq }) => clientSeq === receipt.clientSeq);
  // A receipt for a numbering that was renamed since.
  if (!said || said.id !== receipt.id) return { do: 'send', device, flight };
  if (flight.reused || receipt.code === 'number_reused')
    return onReused(device, flight, receipt, freshDeviceId);
  switch (receipt.state) {
    case 'STORED':
      if (isAhead(device, flight, receipt)) return { do: 'send', device, flight };
      return { do: 'send', device: settle(device, receipt.clientSeq), flight: { ...flight, setbacks: 0 } };
    case 'ACCEPTED': {
      const acceptedUpTo = Math.max(flight.acceptedUpTo, receipt.clientSeq);
      return { do: 'send', device, flight: { ...flight, acceptedUpTo, setbacks: 0 } };
    }
    case 'REJECTED':
      return isFinal(receipt) && said.clientSeq === device.storedUpTo + 1
        ? refused(device, said, freshDeviceId)
        : setBack(flight, receipt);
  }
}

/**
 * The server has another say under this number: two copies of this device were in use. The says that were
 * sent behind it may be stored or not, so their receipts are awaited; then the rest goes on under a new
 * device name.
 */
function onReused(device: KeptDevice, flight: Flight, receipt: Receipt, freshDeviceId: string): Verdict {
  if (receipt.state === 'ACCEPTED') return { do: 'send', device, flight };
  const stored = new Set(flight.reused?.stored);
  const refusedIds = new Set(flight.reused?.refused);
  (receipt.state === 'STORED' ? stored : refusedIds).add(receipt.id);
  const awaited = device.unsent.some(
    ({ id, clientSeq }) => clientSeq <= flight.sentUpTo && !stored.has(id) && !refusedIds.has(id),
  );
  if (!awaited) return { do: 'rename', device: renumber(device, freshDeviceId, stored) };
  return { do: 'send', device, flight: { ...flight, reused: { stored, refused: refusedIds } } };
}

/**
 * A receipt of a say that an earlier connection sent, while says before it wait for their answers. To settle
 * this say would settle those too, though their numbers may hold other texts. It is sent again behind them.
 */
function isAhead({ storedUpTo }: KeptDevice, { claimedUpTo }: Flight, { clientSeq }: Receipt): boolean {
  return claimedUpTo > storedUpTo && clientSeq > storedUpTo + 1;
}

/** The say can not be taken however often it is sent. */
export function isFinal(receipt: Receipt): boolean {
  return receipt.state === 'REJECTED' && retryOf(receipt.code) === 'never';
}

/** Receipts did not come: what was sent may be lost, or they are. Sending again tells. */
export function onSilence(flight: Flight): Verdict {
  if (flight.setbacks >= 2) return { do: 'reconnect' };
  return { do: 'rewind', afterMs: 0, flight: { ...flight, setbacks: flight.setbacks + 1 } };
}

function refused(device: KeptDevice, said: UnsentSay, freshDeviceId: string): Verdict {
  if (said.clientSeq < lastNumber(device)) {
    return { do: 'rename', device: renumber(device, freshDeviceId, new Set([said.id])) };
  }
  const without = { ...device, unsent: [] };
  return { do: 'send', device: without, flight: startFlight(without) };
}

/**
 * One rejection brings a `gap` for each say behind it; the caller makes one rewind of those that come
 * together.
 */
function setBack(flight: Flight, receipt: Receipt): Verdict {
  const setbacks = flight.setbacks + 1;
  if (receipt.code === 'gap' && setbacks > gapsMax) return { do: 'reconnect' };
  const grown = Math.min(rewindMostMs, rewindFirstMs * 2 ** flight.setbacks);
  return {
    do: 'rewind',
    afterMs: Math.max(boundedWait(receipt.retryAfterMs), grown),
    flight: { ...flight, setbacks },
  };
}
