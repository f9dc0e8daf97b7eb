import { setTimeout as sleep } from 'node:timers/promises';
import { flag, readArguments, runCommand } from '@rapport/runtime/arguments.ts';
import { createLog, type Log } from '@rapport/runtime/log.ts';
import { helpText } from '@rapport/runtime/options.ts';
import type { connectNats } from '@rapport/stream/connect.ts';
import { openLag } from '@rapport/stream/lag.ts';
import type { Owner } from '@rapport/stream/owners.ts';
import { openNatsOwners } from '@rapport/stream/owners-nats.ts';
import { ownersOptions, readOwnersSettings } from './config.ts';
import { connectToRapport } from './connect-to-rapport.ts';
import { type OwnerRow, ownersTable } from './owners-table.ts';

const use = 'npm run owners -- [--json] [--watch]';
const does = 'Prints which actor host owns each partition, how far it is, and how many records it is behind.';
const watchEveryMs = 1_000;

const { json, watch } = readArguments({
  help: helpText({ use, does, options: ownersOptions }),
  options: { json: flag, watch: flag },
}).values;

await runCommand(main);

async function main(): Promise<void> {
  const { NATS_URL: natsUrl, DATA_DIR: dataDir } = readOwnersSettings(process.env);
  const log = createLog({ name: 'owners', level: 'silent' });
  const nc = await connectToRapport({ name: 'owners', natsUrl, dataDir, log });
  try {
    const read = await openRows(nc, log);
    do {
      const rows = await read();
      process.stdout.write(`${json ? JSON.stringify(rows) : ownersTable(rows)}\n`);
      if (watch) await sleep(watchEveryMs);
    } while (watch);
  } finally {
    await nc.close();
  }
}

/** Resolves with a function that reads all partitions as they are at that moment. */
async function openRows(
  nc: Awaited<ReturnType<typeof connectNats>>,
  log: Log,
): Promise<() => Promise<readonly OwnerRow[]>> {
  const lag = await openLag(nc);
  const owners: Owner[] = [];
  const table = await openNatsOwners(nc, { replicas: 1, log });
  // Closing the connection ends it.
  await table.watch((owner) => {
    owners[owner.partition] = owner;
  });
  const row = async (partition: number): Promise<OwnerRow> => {
    const { hostId = '', epoch = 0, checkpoint = 0, running = [] } = owners[partition] ?? {};
    const behind = await lag.behind(partition, checkpoint);
    return { partition, host: hostId, epoch, checkpoint, behind, answers: running.length };
  };
  return () => Promise.all(Array.from({ length: lag.partitions }, (_, partition) => row(partition)));
}
