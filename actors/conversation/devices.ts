import type { Said } from '@rapport/proto/envelope.ts';
import { limits } from '@rapport/proto/limits.ts';
import type { Core, Device } from './state.ts';

export function deviceOf({ devices }: Core, deviceId: string): Device | undefined {
  return devices.find((device) => device.deviceId === deviceId);
}

/** The newest clientSeq that is stored of a device; 0 when the device is not known. */
export function clientSeqStored(core: Core, deviceId: string): number {
  return deviceOf(core, deviceId)?.clientSeq ?? 0;
}

/** The device of a message; a device that is not known has nothing stored. */
export function deviceSaying(core: Core, { deviceId }: Said): Device {
  return deviceOf(core, deviceId) ?? { deviceId, clientSeq: 0, seqs: [] };
}

/** The seq that a stored message of the device got; 0 when that is too long ago to be remembered. */
export function seqOf(device: Device, clientSeq: number): number {
  return device.seqs[device.seqs.length - 1 - (device.clientSeq - clientSeq)] ?? 0;
}

/**
 * The devices after one of them has sent its next message, which got `seq`. That device moves to the end of
 * the list, so that the device unheard for longest is forgotten first.
 */
export function withSaid(devices: readonly Device[], device: Device, seq: number): readonly Device[] {
  const others = devices.filter((other) => other !== device);
  const seqs = [...device.seqs.slice(1 - limits.saysInFlightMax), seq];
  return [...others.slice(1 - limits.devicesMax), { ...device, clientSeq: device.clientSeq + 1, seqs }];
}
