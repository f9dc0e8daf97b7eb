import type { Outbox } from './outbox.ts';
import { MemoryOutbox } from './outbox-memory.ts';
import { MemoryVisitorTokens, type VisitorTokens } from './visitor.ts';

/**
 * All that a client keeps on the person's side. `storage-browser.ts`, `storage-file.ts`, or this page's
 * memory.
 */
export interface Storage {
  readonly outbox: Outbox;
  readonly visitorTokens: VisitorTokens;
  /** True when nothing outlives this page or process. Absent: what is kept stays. */
  readonly isForgetful?: () => boolean;
}

export function memoryStorage(): Storage {
  return {
    outbox: new MemoryOutbox(),
    visitorTokens: new MemoryVisitorTokens(),
    isForgetful: () => true,
  };
}
