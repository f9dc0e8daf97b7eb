import { retryOf } from './code.ts';
import type { Receipt, Welcome } from './frame.ts';
import { type KeptDevice, lastNumber, renumber, settle, type UnsentSay } from './outbox.ts';

/** How far this connection has sent a device's says. */
export interface Flight {
  readonly sentUpTo: number;
  readonly acceptedUpTo: number;
  /** Rejections since the last progress: they make waits grow. */
  readonly setbacks: number;
}

export type Verdict =
  /** Go on: send what fits. */
  | { readonly do: 'send'; readonly device: KeptDevice; readonly flight: Flight }
  /** Send again from the first unstored say, after a while. */
  | { readonly do: 'rewind'; readonly afterMs: number; readonly flight: Flight }
  /** Take this device with its new name and say hello anew. */
  | { readonly do: 'rename'; readonly device: KeptDevice }
  /** Say hello anew: its welcome tells what the server has. */
  | { readonly do: 'reconnect' };

const rewindFirstMs = 50;
const rewindMostMs = 5_000;
const gapsMax = 6;

export function startFlight(device: KeptDevice): Flight {
  return { sentUpTo: device.storedUpTo, acceptedUpTo: device.storedUpTo, setbacks: 0 };
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
  const last = Math.max(flight.acceptedUpTo, device.storedUpTo) + window;
  const due = device.unsent.filter(({ clientSeq }) => clientSeq > flight.sentUpTo && clientSeq <= last);
  const unkept = due.findIndex((said) => !kept.has(said));
  return unkept === -1 ? due : due.slice(0, unkept);
}

/**
 * What a welcome means for the device. Less stored than was known here at its hello: the server forgot the
 * device. (What was stored since that hello proves nothing: the connection before tells of it while this one
 * opens.) More than was ever numbered here: this copy of the device is stale (a restored profile), and its
 * numbers would be taken for repetitions. Both times the says go on under a new name.
 */
export function onWelcome(
  device: KeptDevice,
  { clientSeqStored }: Pick<Welcome, 'clientSeqStored'>,
  { storedAtHello, freshDeviceId }: { readonly storedAtHello: number; readonly freshDeviceId: string },
): Verdict {
  if (clientSeqStored < storedAtHello || clientSeqStored > lastNumber(device)) {
    return { do: 'rename', device: renumber(device, freshDeviceId) };
  }
  const settled = settle(device, clientSeqStored);
  return { do: 'send', device: settled, flight: startFlight(settled) };
}

/**
 * What a receipt means. A say that will never be taken leaves a hole in the numbers. Those behind it may
 * already be on their way under theirs, so they go on under a new device name instead of under new numbers
 * of the old one, where a late copy could be taken for another say. That waits until all before it are
 * stored, because a say that is moved while its old number may still be taken would be stored twice.
 */
export function onReceipt(
  device: KeptDevice,
  flight: Flight,
  receipt: Receipt,
  freshDeviceId: string,
): Verdict {
  const said = device.unsent.find(({ clientSeq }) => clientSeq === receipt.clientSeq);
  if (!said || said.id !== receipt.id) return { do: 'send', device, flight }; // Of a numbering that is past.
  switch (receipt.state) {
    case 'STORED':
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
    return { do: 'rename', device: renumber(device, freshDeviceId, said.id) };
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
  return { do: 'rewind', afterMs: Math.max(receipt.retryAfterMs, grown), flight: { ...flight, setbacks } };
}
