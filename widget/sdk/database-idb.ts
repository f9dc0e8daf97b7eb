import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { KeptDevice } from './outbox.ts';

interface Schema extends DBSchema {
  /** Key: [scope, slot]. */
  devices: { key: [string, string]; value: KeptDevice };
  /** Key: scope. */
  tokens: { key: string; value: string };
}

type Store = 'devices' | 'tokens';
const stores: readonly Store[] = ['devices', 'tokens'];
/** A site may have a database of the first name for itself; the second one is used then. */
const databaseNames = ['rapport', 'rapport-chat'];
/** Opening waits while another page upgrades or deletes the database, for ever if that page hangs. */
const openWithinMs = 3_000;
const openAgainAfterMs = 30_000;

/**
 * A browser's IndexedDB as a map that does not fail. Browsers close a database under the page, sites delete
 * theirs, disks are full, and some modes allow none: the database is opened again where that helps, and a
 * value that can not be written stays in the page's memory.
 */
export class Database {
  #opening: Promise<IDBPDatabase<Schema>> | undefined;
  #openAgainAtMs = 0;
  /** Values that are not on disk, by store and key. */
  readonly #memory = new Map<string, { readonly store: Store; readonly key: IDBValidKey; value: unknown }>();
  #isClosed = false;

  /** True while something that was put would not outlive the page. */
  get isForgetful(): boolean {
    return this.#isClosed || this.#memory.size > 0;
  }

  /** Untrusted: a person, an extension or the site may have changed it. */
  async get<S extends Store>(store: S, key: Schema[S]['key']): Promise<unknown> {
    const kept = this.#memory.get(nameOf(store, key));
    if (kept) return kept.value;
    return this.#use((database) => database.get(store, key)).catch(() => undefined);
  }

  /** `strict`: the browser reports the transaction complete only once the disk has it. */
  async put<S extends Store>(store: S, key: Schema[S]['key'], value: Schema[S]['value']): Promise<void> {
    const name = nameOf(store, key);
    try {
      await this.#use(async (database) => {
        const transaction = database.transaction(store, 'readwrite', { durability: 'strict' });
        // A transaction that fails tells `done`; both are awaited, so that neither rejection goes astray.
        await Promise.all([transaction.store.put(value, key), transaction.done]);
      });
      this.#memory.delete(name);
    } catch {
      this.#memory.set(name, { store, key, value });
    }
  }

  /** The slots of a scope, on disk and in memory. */
  async slotNames(scope: string): Promise<readonly string[]> {
    const range = IDBKeyRange.bound([scope, ''], [scope, '\uffff']);
    const onDisk = await this.#use((database) => database.getAllKeys('devices', range)).catch(() => []);
    const held = [...this.#memory.values()].flatMap(({ store, key }) =>
      store === 'devices' && Array.isArray(key) && key[0] === scope ? [String(key[1])] : [],
    );
    return [...new Set([...onDisk.map(([, name]) => name), ...held])];
  }

  async #use<T>(act: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
    const opening = this.#database();
    try {
      return await act(await opening);
    } catch (failure) {
      // The browser closed it and has not said so yet.
      if (!(failure instanceof DOMException) || failure.name !== 'InvalidStateError') throw failure;
      if (this.#opening === opening) this.#opening = undefined;
      return act(await this.#database());
    }
  }

  #database(): Promise<IDBPDatabase<Schema>> {
    if (this.#opening) return this.#opening;
    if (performance.now() < this.#openAgainAtMs) return Promise.reject(new Error('It can not be opened'));
    const opening = this.#open();
    this.#opening = opening;
    opening.then(
      () => {
        this.#isClosed = false;
      },
      () => {
        this.#isClosed = true;
        this.#openAgainAtMs = performance.now() + openAgainAfterMs;
        if (this.#opening === opening) this.#opening = undefined;
      },
    );
    return opening;
  }

  async #open(): Promise<IDBPDatabase<Schema>> {
    for (const name of databaseNames) {
      const database = await within(openWithinMs, this.#openNamed(name));
      if (stores.every((store) => database.objectStoreNames.contains(store))) return database;
      database.close();
    }
    throw new Error(`Cannot use the databases ${databaseNames.join(', ')}: others made them`);
  }

  /** Without a version, so that a site which upgraded a database of that name does not shut us out. */
  async #openNamed(name: string): Promise<IDBPDatabase<Schema>> {
    const forget = () => {
      this.#opening = undefined;
    };
    const database = await openDB<Schema>(name, undefined, {
      upgrade: (made, oldVersion) => {
        if (oldVersion !== 0) return;
        for (const store of stores) made.createObjectStore(store);
      },
      // Another page wants to upgrade or delete it, and waits until this one lets go.
      blocking: () => {
        forget();
        database.close();
      },
      terminated: forget,
    });
    return database;
  }
}

function nameOf(store: Store, key: IDBValidKey): string {
  return JSON.stringify([store, key]);
}

/** The database, or a failure after that time; one that comes later is closed again. */
async function within(ms: number, opening: Promise<IDBPDatabase<Schema>>): Promise<IDBPDatabase<Schema>> {
  let stop = () => {};
  const late = new Promise<undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    stop = () => clearTimeout(timer);
  });
  const database = await Promise.race([opening, late]).finally(stop);
  if (database) return database;
  opening.then(
    (opened) => opened.close(),
    () => {}, // Nobody waits for it any more.
  );
  throw new Error(`Cannot open the database within ${ms} ms`);
}
