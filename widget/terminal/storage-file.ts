import { join } from 'node:path';
import type { Storage } from '../sdk/storage.ts';
import { FileOutbox } from './outbox-file.ts';
import { FileVisitorTokens } from './visitor-file.ts';

/** Keeps everything in `folder`, which is of one person of one creator. */
export function fileStorage(folder: string): Storage {
  return {
    outbox: new FileOutbox(join(folder, 'outbox')),
    visitorTokens: new FileVisitorTokens(join(folder, 'visitor.token')),
  };
}
