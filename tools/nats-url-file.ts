import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '@rapport/runtime/private-file.ts';

/** Tells the commands of this user where NATS of the Rapport on this data folder is, password included. */
export function writeNatsUrl(dataDir: string, url: string): void {
  writePrivateFile(pathIn(dataDir), `${url}\n`);
}

export function removeNatsUrl(dataDir: string): void {
  rmSync(pathIn(dataDir), { force: true });
}

/** Undefined when no Rapport runs on the folder. A Rapport that was killed leaves its address behind. */
export function readNatsUrl(dataDir: string): string | undefined {
  try {
    return readFileSync(pathIn(dataDir), 'utf8').trim();
  } catch {
    return undefined;
  }
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'nats-url');
}
