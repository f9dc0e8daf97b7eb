import { chmodSync, existsSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '@rapport/runtime/fault.ts';

/** Everything that Rapport keeps in a data folder. */
const kept = /^(history\.db(-wal|-shm)?|nats-url|rapport\.lock|log|nats|keys|chat|cassandra)$/;
/** The permissions of a file's group and of all other users. */
const othersMask = 0o077;

/**
 * Takes a data folder away from the other users of the machine, to whom an earlier version opened it, and
 * calls `tell` with one sentence when it was open. A folder that holds other things too, such as /tmp or a
 * home, stays as it is, because its other users need it; what Rapport keeps in it is closed.
 */
export function closeDataDir(dataDir: string, tell: (sentence: string) => void): void {
  const names = readdirSync(dataDir);
  const isShared = names.some((name) => !kept.test(name));
  const own = names.filter((name) => kept.test(name)).map((name) => join(dataDir, name));
  const open = [...(isShared ? [] : [dataDir]), ...own, ...filesIn(join(dataDir, 'log'))]
    .map((path) => ({ path, stats: statSync(path) }))
    .filter(({ stats }) => (stats.mode & othersMask) !== 0);
  if (open.length === 0) return;
  try {
    for (const { path, stats } of open) chmodSync(path, closedMode(stats));
    tell(`Closed ${dataDir} to other users of this machine: they could read what people write.`);
  } catch (failure) {
    tell(`Cannot close ${dataDir} to other users of this machine: ${reasonOf(failure)}. It should be yours.`);
  }
}

function filesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function closedMode(stats: Stats): number {
  return stats.isDirectory() ? 0o700 : 0o600;
}
