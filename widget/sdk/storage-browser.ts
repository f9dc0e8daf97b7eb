import { Database } from './database-idb.ts';
import { IdbOutbox } from './outbox-idb.ts';
import { memoryStorage, type Storage } from './storage.ts';
import { IdbVisitorTokens } from './visitor-idb.ts';

/**
 * The storage of this browser for `scope`, a gateway's address and a creator. Without Web Locks (pages
 * without https, sandboxed frames) two tabs would number one device, so the page's memory stands in then.
 */
export async function browserStorage(scope: string): Promise<Storage> {
  const locks = await usableLocks();
  if (typeof indexedDB === 'undefined' || locks === undefined) return memoryStorage();
  const database = new Database();
  const options = { database, scope, locks };
  return {
    outbox: new IdbOutbox(options),
    visitorTokens: new IdbVisitorTokens(options),
    isForgetful: () => database.isForgetful,
  };
}

async function usableLocks(): Promise<LockManager | undefined> {
  try {
    const { locks } = navigator;
    await locks.request('rapport-probe', { ifAvailable: true }, () => undefined);
    return locks;
  } catch {
    return undefined; // There are none, or a sandboxed frame may not use them.
  }
}
