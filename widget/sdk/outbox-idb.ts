import type { Database } from './database-idb.ts';
import { belongsTo, decodeDevice, freshDevice, type KeptDevice, type Outbox, type Slot } from './outbox.ts';

export interface IdbOutboxOptions {
  readonly database: Database;
  /** The conversation partner: a gateway's address and a creator. */
  readonly scope: string;
  readonly locks: LockManager;
}

/**
 * Devices in a browser's IndexedDB. A slot is held by a Web Lock, which the browser lets go when the tab
 * ends, however it ends. A device that the browser refuses to write stays in the page's memory.
 */
export class IdbOutbox implements Outbox {
  readonly #options: IdbOutboxOptions;

  constructor(options: IdbOutboxOptions) {
    this.#options = options;
  }

  async take(freshDeviceId: string, userId?: string): Promise<Slot> {
    const names = await this.#options.database.slotNames(this.#options.scope);
    const slot =
      (await this.#first(names, (device) => isUnsent(device) && belongsTo(device, userId))) ??
      (await this.#first(names, (device) => isUsable(device, userId), freshDeviceId)) ??
      (await this.#claim(freshDeviceId, () => true, freshDeviceId));
    if (slot) return slot;
    throw new Error(`Cannot take outbox slot ${freshDeviceId}: another tab holds a lock of its name`);
  }

  async takeAbandoned(userId: string): Promise<Slot | undefined> {
    return this.#first(
      await this.#options.database.slotNames(this.#options.scope),
      (device) => isUnsent(device) && belongsTo(device, userId),
    );
  }

  async #first(
    names: readonly string[],
    fits: (device: KeptDevice | undefined) => boolean,
    freshDeviceId?: string,
  ): Promise<Slot | undefined> {
    for (const name of names) {
      const slot = await this.#claim(name, fits, freshDeviceId);
      if (slot) return slot;
    }
    return undefined;
  }

  /** Takes the slot if it is free and fits. A device that can not be read is replaced by a fresh one. */
  async #claim(
    name: string,
    fits: (device: KeptDevice | undefined) => boolean,
    freshDeviceId?: string,
  ): Promise<Slot | undefined> {
    const { database, scope, locks } = this.#options;
    const release = await holdLock(locks, `rapport-outbox:${scope}:${name}`);
    if (!release) return undefined;
    const kept = decodeDevice(await database.get('devices', [scope, name]));
    const device = kept ?? (freshDeviceId === undefined ? undefined : freshDevice(freshDeviceId));
    if (!device || !fits(kept)) {
      release();
      return undefined;
    }
    return {
      device,
      write: (next) => database.put('devices', [scope, name], next),
      release: async () => release(),
    };
  }
}

function isUnsent(device: KeptDevice | undefined): device is KeptDevice {
  return device !== undefined && device.unsent.length > 0;
}

function isUsable(device: KeptDevice | undefined, userId: string | undefined): boolean {
  return device === undefined || belongsTo(device, userId);
}

/** Takes the lock if it is free; resolves with what lets it go, or undefined when another tab has it. */
function holdLock(locks: LockManager, name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(undefined);
        return new Promise<void>((release) => resolve(() => release()));
      })
      .catch(reject);
  });
}
