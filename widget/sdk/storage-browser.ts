import { openBrowserStorage } from './outbox-idb.ts';
import { memoryStorage, type Storage } from './storage.ts';

/**
 * What this browser keeps for `scope`, a gateway's address and a creator. Where there is no IndexedDB (some
 * private modes) or no Web Locks (pages without https), the page's memory stands in: messages then do not
 * survive a reload.
 */
export async function browserStorage(scope: string): Promise<Storage> {
  if (typeof indexedDB === 'undefined' || !('locks' in navigator)) return memoryStorage();
  try {
    return await openBrowserStorage(scope, navigator.locks);
  } catch {
    return memoryStorage();
  }
}
