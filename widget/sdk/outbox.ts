// Hop 1 of 12: widget/sdk/outbox - what a person says is kept, numbered per device, until stored.

import { idPattern, uuidPattern } from '@rapport/proto/identity.ts';

/**
 * A device: a numbering 1, 2, 3… of says that the server takes exactly once and in order. It is one value,
 * always written as a whole, so that no crash can leave half of it.
 */
export interface KeptDevice {
  readonly deviceId: string;
  /**
   * Whose says these are; empty until the first welcome tells. They are sent in the name of no other person,
   * also when this browser gets another person's token.
   */
  readonly userId: string;
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
 * its own. A slot without a holder is taken by the next tab of the same person, so that nothing said in a
 * closed tab is lost. Twins: `outbox-idb.ts` (browser), `outbox-file.ts` (Node), `outbox-memory.ts`; all
 * pass `outbox.contract.ts`.
 */
export interface Outbox {
  /**
   * Takes a slot that nobody holds and that `userId` may use: one with unsent says first, then any, else a
   * new one for `freshDeviceId`. Without a userId, which is so until a token is known, every slot will do:
   * the welcome tells whether it was right.
   */
  take(freshDeviceId: string, userId?: string): Promise<Slot>;
  /** Takes a slot that nobody holds, that `userId` may use and that has unsent says; undefined when none. */
  takeAbandoned(userId: string): Promise<Slot | undefined>;
}

/** A device that this tab alone may number. */
export interface Slot {
  /** As it was when it was taken. */
  readonly device: KeptDevice;
  /**
   * Resolves when `device` is on disk; throws when it can not be kept. The caller waits for one write before
   * the next.
   */
  write(device: KeptDevice): Promise<void>;
  /** Lets others take the slot. No write may follow. */
  release(): Promise<void>;
}

/** Says that one device keeps at most: beyond a day of typing without network. */
export const outboxSaysMax = 200;

export function freshDevice(deviceId: string): KeptDevice {
  return { deviceId, userId: '', storedUpTo: 0, unsent: [] };
}

/** Whether a person may send from this device. A device that never had a welcome belongs to the first one. */
export function belongsTo(device: KeptDevice, userId: string | undefined): boolean {
  return userId === undefined || device.userId === '' || device.userId === userId;
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

/** The unsent says without those of `except`, numbered from 1 under a new name. */
export function renumber(
  device: KeptDevice,
  deviceId: string,
  except: ReadonlySet<string> = new Set(),
): KeptDevice {
  const unsent = device.unsent.filter(({ id }) => !except.has(id));
  return {
    ...device,
    deviceId,
    storedUpTo: 0,
    unsent: unsent.map((said, at) => ({ ...said, clientSeq: at + 1 })),
  };
}

/** A text longer than this was not written by a client: no server takes a tenth of it. */
const textCharsMost = 1_000_000;

/**
 * Reads what was kept; undefined when it is not a device that a server would take. The caller then begins
 * with a fresh one, because a damaged number or name would be refused at every hello.
 */
export function decodeDevice(kept: unknown): KeptDevice | undefined {
  const device = kept as Partial<KeptDevice> | null | undefined; // Decoder: checked field by field.
  const { deviceId, userId = '', storedUpTo, unsent } = device ?? {};
  if (typeof deviceId !== 'string' || !uuidPattern.test(deviceId)) return undefined;
  if (typeof userId !== 'string' || (userId !== '' && !idPattern.test(userId))) return undefined;
  if (typeof storedUpTo !== 'number' || !isCount(storedUpTo) || !Array.isArray(unsent)) return undefined;
  const says: UnsentSay[] = [];
  for (const one of unsent) {
    const said = decodeSay(one, storedUpTo + says.length + 1);
    if (!said) return undefined;
    says.push(said);
  }
  return { deviceId: deviceId.toLowerCase(), userId, storedUpTo, unsent: says };
}

function decodeSay(kept: unknown, clientSeq: number): UnsentSay | undefined {
  const said = kept as Partial<UnsentSay> | null | undefined; // Decoder: checked field by field.
  const { id, text, choiceId = '', atMs = 0 } = said ?? {};
  if (said?.clientSeq !== clientSeq || typeof id !== 'string' || !uuidPattern.test(id)) return undefined;
  if (typeof text !== 'string' || text.length > textCharsMost) return undefined;
  if (typeof choiceId !== 'string' || typeof atMs !== 'number') return undefined;
  return { clientSeq, id: id.toLowerCase(), text, choiceId, atMs };
}

/** What fits the wire's uint32. */
function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 2 ** 32;
}
