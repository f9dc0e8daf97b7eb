import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { seedDemo } from '@rapport/demo/seed-demo.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { makeLog } from '@rapport/stream/inbox-stream.ts';

/** Makes the log and writes the demo creator before any process starts, so that every process finds both. */
export async function seed(
  natsUrl: string,
  options: {
    readonly followUpSeconds: number;
    /** The partitions of a new log; undefined leaves making it to the processes. */
    readonly partitions: number | undefined;
    readonly replicas: number;
  },
): Promise<void> {
  const { followUpSeconds, partitions, replicas } = options;
  const log = createLog({ name: 'seed', level: 'silent' });
  const nc = await connectNats({ url: natsUrl, name: 'seed', log });
  try {
    if (partitions !== undefined) await makeLog(nc, { partitions, replicas });
    const catalog = await openNatsCatalog(nc, log, replicas);
    await seedDemo(catalog, { followUpSeconds });
    await catalog.close();
  } catch (failure) {
    throw new Error('Cannot make the log and the demo creator in NATS (log/nats.log of DATA_DIR says more)', {
      cause: failure,
    });
  } finally {
    await nc.close(); // All writes were acknowledged. An open connection would reconnect for ever.
  }
}
