import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Tells whoever looks into the data folder where the NATS of the Rapport that runs on it is. */
export function writeNatsUrl(dataDir: string, url: string): void {
  writeFileSync(pathIn(dataDir), `${url}\n`);
}

export function removeNatsUrl(dataDir: string): void {
  rmSync(pathIn(dataDir), { force: true });
}

/** Undefined when no Rapport runs on the folder. One that was killed leaves an address behind. */
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
