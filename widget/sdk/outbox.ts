// Hop 1 of 12: widget/sdk/outbox - what a person says is kept, numbered per device, until stored.

/**
 * One device: a numbering 1, 2, 3… of says that the server takes exactly once and in order. It is one value,
 * always written as a whole, so that no crash can leave half of it.
 */
export interface KeptDevice {
  readonly deviceId: string;
  /** Every say up to this clientSeq is stored; the next ones are in `unsent`, without a hole. */
  readonly storedUpTo: number;
  readonly unsent: readonly UnsentSay[];
}

export interface UnsentSay {
  readonly clientSeq: number;
  /** UUIDv7: the same through every resend and renumbering. */
  readonly id: string;
  readonly text: string;
  readonly choiceId: string;
  readonly atMs: number;
}

/**
 * Where devices are kept. Two tabs (or processes) must never number the same device, so each holds a slot of
 * its own; a slot whose holder is gone is taken by the next one that comes, so that nothing said in a closed
 * tab is lost. Twins: `outbox-idb.ts` (browser), `outbox-file.ts` (Node), `outbox-memory.ts`; all pass
 * `outbox.contract.ts`.
 */
export interface Outbox {
  /**
   * Takes a slot that nobody holds: one with unsent says first, then any, else a new one for
   * `freshDeviceId`.
   */
  take(freshDeviceId: string): Promise<Slot>;
  /** Takes a slot that nobody holds and that has unsent says; undefined when there is none. */
  takeAbandoned(): Promise<Slot | undefined>;
}

/** A device that this tab alone may number. */
export interface Slot {
  /** As it was when it was taken. */
  readonly device: KeptDevice;
  /** Resolves when `device` is on disk; throws when it can not be kept. One call at a time. */
  write(device: KeptDevice): Promise<void>;
  /** Lets others take the slot. No write may follow. */
  release(): Promise<void>;
}

/** Says that one device keeps at most: beyond a day of typing without network. */
export const outboxSaysMax = 200;

export function freshDevice(deviceId: string): KeptDevice {
  return { deviceId, storedUpTo: 0, unsent: [] };
}

/** The number of the newest say, stored or not. */
export function lastNumber(device: KeptDevice): number {
  return device.storedUpTo + device.unsent.length;
}

export function add(device: KeptDevice, said: Omit<UnsentSay, 'clientSeq'>): KeptDevice {
  return { ...device, unsent: [...device.unsent, { ...said, clientSeq: lastNumber(device) + 1 }] };
}

/** The server has everything up to `clientSeq`. */
export function settle(device: KeptDevice, clientSeq: number): KeptDevice {
  if (clientSeq <= device.storedUpTo) return device;
  const storedUpTo = Math.min(clientSeq, lastNumber(device));
  return { ...device, storedUpTo, unsent: device.unsent.filter((said) => said.clientSeq > storedUpTo) };
}

/**
 * Takes back a say that could not be kept. It was never sent, nor were those behind it: they close the gap.
 */
export function withdraw(device: KeptDevice, id: string): KeptDevice {
  const at = device.unsent.findIndex((said) => said.id === id);
  if (at === -1) return device;
  const behind = device.unsent.slice(at + 1).map((said) => ({ ...said, clientSeq: said.clientSeq - 1 }));
  return { ...device, unsent: [...device.unsent.slice(0, at), ...behind] };
}

/** The unsent says without `exceptId`, numbered from 1 under a new name. */
export function renumber(device: KeptDevice, deviceId: string, exceptId = ''): KeptDevice {
  const unsent = device.unsent.filter((said) => said.id !== exceptId);
  return { deviceId, storedUpTo: 0, unsent: unsent.map((said, at) => ({ ...said, clientSeq: at + 1 })) };
}

/** Reads what was kept; undefined when it is not a device. */
export function decodeDevice(kept: unknown): KeptDevice | undefined {
  const device = kept as Partial<KeptDevice> | null | undefined; // Decoder: checked field by field.
  if (typeof device?.deviceId !== 'string' || typeof device.storedUpTo !== 'number') return undefined;
  if (!Array.isArray(device.unsent)) return undefined;
  const { deviceId, storedUpTo, unsent } = device;
  const dense = unsent.every(
    (said: Partial<UnsentSay>, at) =>
      said.clientSeq === storedUpTo + at + 1 && typeof said.id === 'string' && typeof said.text === 'string',
  );
  return dense ? { deviceId, storedUpTo, unsent } : undefined;
}
