import { join } from 'node:path';
import { startTestCassandra, type TestCassandra } from '@rapport/history/cassandra-fixture.ts';
import { Chance } from '@rapport/simulation/chance.ts';
import type { ProcessName } from '@rapport/tools/local-run.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { makeScratch } from '@rapport/tools/scratch.ts';
import { findNatsServer } from '@rapport/tools/servers/nats-binary.ts';
import { type NatsCluster, startNatsCluster } from '@rapport/tools/servers/nats-cluster.ts';
import { putQuietCreator } from '../bench/quiet-creator.ts';
import type { Topology } from './faults.ts';
import { ChaosProxy } from './proxy.ts';

/** A whole Rapport, its servers, and the networks between them, each of which faults can hit. */
export interface World {
  readonly rapport: TestRapport;
  readonly nats: NatsCluster;
  /** Undefined where the history is a SQLite file. */
  readonly cassandra: TestCassandra | undefined;
  /** The address to which people connect. */
  readonly url: string;
  readonly clients: ChaosProxy;
  /** One proxy before each nats-server. */
  readonly natsLinks: readonly ChaosProxy[];
  readonly dataDir: string;
  stop(): Promise<void>;
}

export interface WorldOptions {
  readonly seed: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Where another version's code is that a process runs at its next start; undefined: this tree's. */
  readonly rootOf?: ((name: ProcessName) => string | undefined) | undefined;
}

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/**
 * Resolves when people can connect. When something does not start, everything that was started is stopped.
 */
export async function startWorld(topology: Topology, options: WorldOptions): Promise<World> {
  const ends: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    return { ...(await build(topology, options, ends)), stop };
  } catch (failure) {
    await stop();
    throw failure;
  }
}

async function build(
  topology: Topology,
  { seed, env = {}, rootOf }: WorldOptions,
  ends: (() => Promise<void>)[],
): Promise<Omit<World, 'stop'>> {
  const { path: dataDir, remove } = await makeScratch('chaos');
  ends.push(remove);
  const { nats, natsLinks } = await startNats(topology, { dataDir, seed, ends });
  const cassandra = topology.history === 'cassandra' ? await startTestCassandra() : undefined;
  if (cassandra !== undefined) ends.push(() => cassandra.stop());
  const replicas = topology.nats === 'cluster' ? 3 : 1;
  await putQuietCreator(nats.urls.join(','), replicas);
  const rapport = await startRapport({
    actors: topology.actors,
    gateways: topology.gateways,
    dataDir,
    rootOf,
    env: {
      NATS_URL: nats.advertisedUrls.join(','),
      STREAM_REPLICAS: String(replicas),
      HISTORY_URL: cassandra?.newUrl() ?? '',
      GATEWAY_SAYS_PER_WINDOW_MAX: '1000000',
      // Answers are slow enough for a fault to hit them in the middle.
      EXTRACTIVE_DELTA_MS: '30',
      ...env,
    },
  });
  ends.push(() => rapport.stop());
  const targetPort = Number(new URL(rapport.url).port);
  const clients = await ChaosProxy.listen({ targetPort, chance: new Chance(seed, 'clients') });
  ends.push(() => clients.close());
  return { rapport, nats, cassandra, url: `http://127.0.0.1:${clients.port}`, clients, natsLinks, dataDir };
}

async function startNats(
  topology: Topology,
  {
    dataDir,
    seed,
    ends,
  }: { readonly dataDir: string; readonly seed: number; readonly ends: (() => Promise<void>)[] },
): Promise<Pick<World, 'nats' | 'natsLinks'>> {
  const toolsDir = join(import.meta.dirname, '..', '..', '.tools');
  const natsLinks: ChaosProxy[] = [];
  const nats = await startNatsCluster({
    binary: await findNatsServer({ toolsDir, log: quiet }),
    dataDir: join(dataDir, 'nats'),
    size: topology.nats === 'cluster' ? 3 : 1,
    log: quiet,
    advertise: async (ports) => {
      for (const targetPort of ports) {
        const chance = new Chance(seed, `nats-link ${natsLinks.length}`);
        const proxy = await ChaosProxy.listen({ targetPort, chance });
        natsLinks.push(proxy);
        ends.push(() => proxy.close());
      }
      return natsLinks.map(({ port }) => port);
    },
  });
  ends.push(() => nats.stop());
  return { nats, natsLinks };
}
