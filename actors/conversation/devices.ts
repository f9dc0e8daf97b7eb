import type { Said } from '@rapport/proto/envelope.ts';
import { isMarkedOtherwise, markChars } from '@rapport/proto/id-mark.ts';
import { limits } from '@rapport/proto/limits.ts';
import type { Core, Device } from './state.ts';

/**
 * The device of that id. A UUID is the same in upper and in lower case, and logs and rows of before hold
 * both: taken for two devices, one message would be stored twice.
 */
export function deviceOf({ devices }: Core, deviceId: string): Device | undefined {
  const same = devices.find((device) => device.deviceId === deviceId);
  if (same !== undefined) return same;
  const wanted = deviceId.toLowerCase();
  return devices.find((device) => device.deviceId.toLowerCase() === wanted);
}

/** The newest clientSeq that is stored of a device; 0 when the device is not known. */
export function clientSeqStored(core: Core, deviceId: string): number {
  return deviceOf(core, deviceId)?.clientSeq ?? 0;
}

/** The device of a message. A device that is not known has nothing stored. */
export function deviceSaying(core: Core, { deviceId, channel }: Said): Device {
  const known = deviceOf(core, deviceId);
  if (known !== undefined) return known;
  const fresh = { deviceId: deviceId.toLowerCase(), clientSeq: 0, seqs: [], marks: '' };
  return channel === 'api' ? { ...fresh, api: true } : fresh;
}

/** The seq that a stored message of the device got; 0 when that is too long ago to be remembered. */
export function seqOf(device: Device, clientSeq: number): number {
  return device.seqs[device.seqs.length - 1 - (device.clientSeq - clientSeq)] ?? 0;
}

/**
 * Whether the message's number or its id belongs to another message of the device. A client whose storage was
 * restored or copied counts again from an old number: `STORED` for its new text would be a lie. Messages that
 * are too old to be remembered are taken for repetitions.
 */
export function isReused(device: Device, clientSeq: number, mark: string): boolean {
  const { marks = '' } = device;
  const back = device.clientSeq - clientSeq;
  if (back >= 0) return isMarkedOtherwise(marks, back, mark);
  let found = marks.indexOf(mark);
  while (found % markChars > 0) found = marks.indexOf(mark, found + 1); // Across two marks.
  return found >= 0;
}

/**
 * The devices after one of them has sent its next message, which got `seq`. That device moves to the end of
 * the list, so that the device unheard for longest is forgotten first. Devices that only ever speak by HTTP
 * have a budget of their own. A program that makes a deviceId for each request would else push out the
 * person's browser, and what the browser sends again would be stored twice.
 */
export function withSaid(
  devices: readonly Device[],
  device: Device,
  { seq, mark, channel }: { readonly seq: number; readonly mark: string; readonly channel: string },
): readonly Device[] {
  const { deviceId, clientSeq, seqs, marks = '' } = device;
  const next = {
    deviceId,
    clientSeq: clientSeq + 1,
    seqs: [...seqs.slice(1 - limits.saysInFlightMax), seq],
    marks: marks.slice(-markChars * (limits.saysInFlightMax - 1)) + mark,
  };
  const said: Device = device.api && channel === 'api' ? { ...next, api: true } : next;
  if (devices.at(-1) === device) return devices.with(-1, said); // Most often one device goes on.
  const others = devices.filter((other) => other !== device);
  const forgotten = oldestBeyond(others, said);
  return [...(forgotten === undefined ? others : others.filter((other) => other !== forgotten)), said];
}

/** The device that leaves when this one joins the others of its kind. */
function oldestBeyond(others: readonly Device[], { api }: Device): Device | undefined {
  const most = api ? limits.apiDevicesMax : limits.devicesMax;
  if (others.length < most) return undefined;
  const alike = others.filter((other) => other.api === api);
  return alike.length < most ? undefined : alike[0];
}
