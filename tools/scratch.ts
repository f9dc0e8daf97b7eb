import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for one run. */
export interface Scratch {
  readonly path: string;
  remove(): Promise<void>;
}

const left = new Set<string>();

process.once('exit', () => {
  // Processes that end with this one may still write there.
  for (const path of left) rmSync(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 50 });
});

/** Makes a folder in the temp folder. It is removed when this process exits, if not before. */
export async function makeScratch(name: string): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), `rapport-${name}-`));
  left.add(path);
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      left.delete(path);
    },
  };
}

/** Ctrl-C and SIGTERM end this process through `exit`, which removes the scratch folders. */
export function exitOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
}
