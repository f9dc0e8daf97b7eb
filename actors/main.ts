import { randomUUID } from 'node:crypto';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { openHistory } from '@rapport/history/open-history.ts';
import { createInferenceClient, inferenceLimits } from '@rapport/inference/client.ts';
import { systemClock as clock } from '@rapport/runtime/clock.ts';
import { serveHealth } from '@rapport/runtime/health.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import { helpText, type OptionValues, readOptions } from '@rapport/runtime/options.ts';
import { runService } from '@rapport/runtime/service.ts';
import { openStream } from '@rapport/stream/open-stream.ts';
import { actorsOptions } from './config.ts';
import { Host } from './host.ts';
import { createMeters } from './meters.ts';
import { leaseProfiles } from './ownership/lease.ts';

if (process.argv.includes('--help')) {
  const does = 'The actor host: one conversation actor per person, folded from the log.';
  process.stdout.write(helpText({ use: 'node actors/main.ts', does, options: actorsOptions }));
} else {
  await runService(() => start(readOptions(actorsOptions, process.env)));
}

async function start(config: OptionValues<typeof actorsOptions>) {
  const log = createLog({ name: 'actors', level: config.LOG_LEVEL });
  const metrics = new Metrics('actors');
  const { PARTITIONS: partitions, STREAM_REPLICAS: replicas } = config;
  const stream = await openStream({ url: config.NATS_URL, name: 'actors', partitions, replicas, log });
  const history = openHistory(config.HISTORY_URL, { log });
  const catalog = await openNatsCatalog(stream.nc, log, replicas);
  const inference = createInferenceClient({
    address: config.INFERENCE_ADDRESS,
    clock,
    log,
    limits: {
      ...inferenceLimits,
      turnDeadlineMs: config.TURN_DEADLINE_MS,
      slotsMax: config.INFERENCE_SLOTS_MAX,
      slotsPerCreatorMax: config.INFERENCE_SLOTS_PER_CREATOR_MAX,
      waitingMax: config.INFERENCE_WAITING_MAX,
      waitingPerCreatorMax: config.INFERENCE_WAITING_PER_CREATOR_MAX,
    },
    metrics,
  });
  const host = new Host({
    hostId: `${config.ACTORS_NAME}-${randomUUID().slice(0, 8)}`,
    stream,
    lease: leaseProfiles[config.LEASE_PROFILE],
    history,
    catalog,
    inference,
    residents: {
      actorsMax: config.ACTORS_RESIDENT_MAX,
      bytesMax: config.ACTORS_RESIDENT_MIB * 1024 * 1024,
      idleMs: config.ACTORS_IDLE_MINUTES * 60_000,
    },
    checkpointMs: config.CHECKPOINT_MS,
    keepMs: config.INBOX_KEEP_HOURS * 3_600_000,
    clock,
    log,
    meters: createMeters(metrics),
    // A partition that cannot go on takes the process down; whoever runs it starts it anew.
    onFailure: (failure) => void Promise.reject(failure),
  });
  metrics.gauge('rapport_actors_resident', 'Conversations in memory', () => host.residents.size);
  metrics.gauge('rapport_actors_resident_bytes', 'Their estimated size', () => host.residents.bytes);
  metrics.gauge('rapport_actors_audience', 'Conversations that somebody looks at', () => host.audience);
  metrics.gauge('rapport_partitions_owned', 'Partitions this host works on', () => host.partitions.length);
  metrics.gauge('rapport_log_pending', 'Records of the log not yet processed', () => host.pending);
  metrics.gauge('rapport_read_ahead_bytes', 'Records read and not yet processed', () => host.readAheadBytes);
  metrics.gauge('rapport_rows_ahead', 'Rows found to reach beyond the log', () => host.rowsAhead);
  metrics.gauge('rapport_turns_running', 'Answers being written', () => host.turns);
  await host.start();
  const ready = async () => {
    await Promise.all([stream.ping(), history.ping()]);
  };
  const health = await serveHealth({
    metrics,
    ready,
    host: config.ACTORS_HEALTH_HOST,
    port: config.ACTORS_HEALTH_PORT,
  });
  return {
    ready: { port: health.port },
    stop: async () => {
      await host.stop();
      await health.stop();
      await inference.close();
      await catalog.close();
      await stream.close();
      await history.close();
    },
  };
}
