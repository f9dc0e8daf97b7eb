import { rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a file that only its owner can read. A file of that name is replaced, because writing into it would
 * keep its permissions.
 */
export function writePrivateFile(path: string, text: string): void {
  rmSync(path, { force: true });
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
}
