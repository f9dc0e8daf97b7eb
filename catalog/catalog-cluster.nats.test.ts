import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { testBinary } from '@rapport/stream/nats-fixture.ts';
import { type NatsCluster, startNatsCluster } from '@rapport/tools/servers/nats-cluster.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openNatsCatalog } from './catalog-nats.ts';

const log = createLog({ name: 'test', level: 'silent' });
const quiet = { info: () => {}, warn: () => {}, error: () => {} };

let dataDir: string;
let cluster: NatsCluster;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'rapport-catalog-'));
  cluster = await startNatsCluster({ binary: await testBinary(), dataDir, size: 3, log: quiet });
});

afterEach(async () => {
  await cluster.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Writes on a connection of its own, which none of the servers that left can hold up. */
async function put(title: string): Promise<void> {
  const nc = await connectNats({ url: cluster.urls.join(','), name: 'writer', log });
  try {
    const catalog = await openNatsCatalog(nc, log, 3);
    const document = { creatorId: 'acme', documentId: 'd1', url: '', topic: 'sleep', text: 'Sleep well.' };
    await catalog.putDocument({ ...document, title });
    await catalog.close();
  } finally {
    await nc.close();
  }
}

test('a watch goes on when any server of a cluster leaves in order', { timeout: 60_000 }, async () => {
  const nc = await connectNats({ url: cluster.urls.join(','), name: 'test', log });
  const catalog = await openNatsCatalog(nc, log, 3);
  const seen = new Set<string | undefined>();
  await catalog.watchDocuments((change) => seen.add(change.document?.title));
  for (const server of [0, 1, 2]) {
    await cluster.end(server, 'in order');
    const title = `without ${server}`;
    await expect.poll(() => put(title).then(() => true, String), { timeout: 20_000 }).toBe(true);
    // A watch that waits for the server that left waits for ten seconds and more.
    await expect.poll(() => seen.has(title), { timeout: 4_000 }).toBe(true);
    await cluster.start(server);
  }
  await catalog.close();
  await nc.close();
});
