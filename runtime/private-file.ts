import { rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a file that only its owner can read. A file of that name is replaced, because writing into it would
 * keep its permissions. Throws one sentence with the path when the disk refuses.
 */
export function writePrivateFile(path: string, text: string): void {
  try {
    rmSync(path, { force: true });
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
  } catch (failure) {
    throw new Error(`Cannot write ${path}`, { cause: failure });
  }
}
