import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { decodeDevice, freshDevice, type KeptDevice, type Outbox, type Slot } from './outbox.ts';
import type { VisitorTokens } from './visitor.ts';

interface Schema extends DBSchema {
  /** Key: [scope, slot]. */
  devices: { key: [string, string]; value: KeptDevice };
  /** Key: scope. */
  tokens: { key: string; value: string };
}

type Database = IDBPDatabase<Schema>;

/**
 * What a site's browser keeps for one conversation partner (`scope`), in IndexedDB. A slot is held by a Web
 * Lock, which the browser lets go when the tab ends, however it ends.
 */
export async function openBrowserStorage(
  scope: string,
  locks: LockManager,
): Promise<{ readonly outbox: Outbox; readonly visitorTokens: VisitorTokens }> {
  const database = await openDB<Schema>('rapport', 1, {
    upgrade: (db) => {
      db.createObjectStore('devices');
      db.createObjectStore('tokens');
    },
  });
  return {
    outbox: new IdbOutbox(database, scope, locks),
    visitorTokens: new IdbVisitorTokens(database, scope, locks),
  };
}

class IdbOutbox implements Outbox {
  readonly #database: Database;
  readonly #scope: string;
  readonly #locks: LockManager;

  constructor(database: Database, scope: string, locks: LockManager) {
    this.#database = database;
    this.#scope = scope;
    this.#locks = locks;
  }

  async take(freshDeviceId: string): Promise<Slot> {
    const abandoned = await this.takeAbandoned();
    if (abandoned) return abandoned;
    for (const name of await this.#names()) {
      const slot = await this.#claim(name, freshDeviceId);
      if (slot) return slot;
    }
    const slot = await this.#claim(freshDeviceId, freshDeviceId);
    if (!slot)
      throw new Error(`Cannot take outbox slot ${freshDeviceId}: another tab holds a lock of its name`);
    return slot;
  }

  async takeAbandoned(): Promise<Slot | undefined> {
    for (const name of await this.#names()) {
      const slot = await this.#claim(name);
      if (slot) return slot;
    }
    return undefined;
  }

  async #names(): Promise<readonly string[]> {
    const range = IDBKeyRange.bound([this.#scope, ''], [this.#scope, '\uffff']);
    return (await this.#database.getAllKeys('devices', range)).map(([, name]) => name);
  }

  /**
   * With `freshDeviceId`, what is not there or can not be read becomes that; without, only unsent says
   * count.
   */
  async #claim(name: string, freshDeviceId?: string): Promise<Slot | undefined> {
    const release = await holdLock(this.#locks, `rapport-outbox:${this.#scope}:${name}`);
    if (!release) return undefined;
    const device = await this.#read(name, freshDeviceId);
    if (!device) {
      release();
      return undefined;
    }
    return {
      device,
      write: (next) => this.#write(name, next),
      release: async () => release(),
    };
  }

  async #read(name: string, freshDeviceId: string | undefined): Promise<KeptDevice | undefined> {
    const device = decodeDevice(await this.#database.get('devices', [this.#scope, name]));
    if (freshDeviceId !== undefined) return device ?? freshDevice(freshDeviceId);
    return device && device.unsent.length > 0 ? device : undefined;
  }

  /** `strict`: the browser reports the transaction complete only once the disk has it. */
  async #write(name: string, device: KeptDevice): Promise<void> {
    const transaction = this.#database.transaction('devices', 'readwrite', { durability: 'strict' });
    await transaction.store.put(device, [this.#scope, name]);
    await transaction.done;
  }
}

class IdbVisitorTokens implements VisitorTokens {
  readonly #database: Database;
  readonly #scope: string;
  readonly #locks: LockManager;

  constructor(database: Database, scope: string, locks: LockManager) {
    this.#database = database;
    this.#scope = scope;
    this.#locks = locks;
  }

  kept(): Promise<string | undefined> {
    return this.#database.get('tokens', this.#scope);
  }

  /** Under a lock: two tabs that open together must become one visitor. */
  replace(refused: string | undefined, make: () => Promise<string>): Promise<string> {
    return this.#locks.request(`rapport-visitor:${this.#scope}`, async () => {
      const kept = await this.kept();
      if (kept !== undefined && kept !== refused) return kept;
      const token = await make();
      await this.#database.put('tokens', token, this.#scope);
      return token;
    });
  }
}

/** Takes the lock if it is free; resolves with what lets it go, or undefined when somebody has it. */
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
