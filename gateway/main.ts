import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { LearnPages } from '@rapport/demo/learn-pages.ts';
import { openHistory } from '@rapport/history/open-history.ts';
import { systemClock as clock } from '@rapport/runtime/clock.ts';
import { type Health, serveHealth } from '@rapport/runtime/health.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import { helpText, type OptionValues, readOptions } from '@rapport/runtime/options.ts';
import { runService } from '@rapport/runtime/service.ts';
import { openStream } from '@rapport/stream/open-stream.ts';
import { gatewayOptions, limitsOf } from './config.ts';
import { Gateway } from './gateway.ts';
import { Http } from './http/http.ts';
import { MessagesApi } from './http/messages-api.ts';
import { Site } from './http/site.ts';
import { VisitorsApi } from './http/visitors-api.ts';
import type { PersonLimits } from './limits/limits.ts';
import { MemoryLimits } from './limits/limits-memory.ts';
import { RedisLimits } from './limits/limits-redis.ts';
import { createMeters } from './meters.ts';
import { listen } from './sockets/socket.ts';
import { openTokenKeys } from './tokens/token-keys.ts';
import { Tokens } from './tokens/tokens.ts';

type Config = OptionValues<typeof gatewayOptions>;

if (process.argv.includes('--help')) {
  const does = 'The gateway: people connect to it by WebSocket and HTTP.';
  process.stdout.write(helpText({ use: 'node gateway/main.ts', does, options: gatewayOptions }));
} else {
  await runService(() => start(readOptions(gatewayOptions, process.env)));
}

async function start(config: Config) {
  const log = createLog({ name: 'gateway', level: config.LOG_LEVEL });
  const metrics = new Metrics('gateway');
  const meters = createMeters(metrics);
  const limits = limitsOf(config);
  const tokens = new Tokens({
    keys: await openTokenKeys(config.DATA_DIR),
    lifeS: config.GATEWAY_TOKEN_HOURS * 3_600,
    jwksUrl: config.GATEWAY_JWKS_URL,
  });
  const { PARTITIONS: partitions, STREAM_REPLICAS: replicas } = config;
  const stream = await openStream({ url: config.NATS_URL, name: 'gateway', partitions, replicas, log });
  const catalog = await openNatsCatalog(stream.nc, log, replicas);
  const history = openHistory(config.HISTORY_URL, { readOnly: true, log });
  const gatewayId = `g${randomUUID().slice(0, 13).replace('-', '')}`;
  const acceptedAfterMs = config.GATEWAY_ACCEPTED_AFTER_MS;
  const counting = { url: config.REDIS_URL, gatewayId, limits, clock, log };
  const personLimits = config.REDIS_URL === '' ? new MemoryLimits(counting) : new RedisLimits(counting);
  const parts = { limits, personLimits, clock, log, meters, tokens, catalog };
  const gateway = new Gateway({ ...parts, ...stream, history, gatewayId, acceptedAfterMs });
  metrics.gauge('rapport_gateway_sessions', 'Open sessions', () => gateway.frames.sessions.size);
  metrics.gauge('rapport_gateway_conversations', 'Conversations with a session', () => gateway.rooms.size);
  metrics.gauge('rapport_gateway_limits_together', 'Limits count with all gateways', () =>
    personLimits.together ? 1 : 0,
  );
  await gateway.start();
  const health = {
    metrics,
    ready: async () => {
      gateway.ping();
      await Promise.all([stream.ping(), history.ping()]);
    },
  };
  const ownHealth = await serveOwnHealth(config, health);
  const http = new Http({
    health: ownHealth === undefined ? health : undefined,
    log,
    ...routes(config, { ...parts, gateway }),
  });
  const listening = await listen({
    host: config.GATEWAY_HOST,
    port: config.GATEWAY_PORT,
    limits,
    open: (wire, source) => gateway.frames.open(wire, source),
    take: (session, sent) => gateway.frames.take(session, sent),
    drained: (session) => gateway.writer.drained(session),
    closed: (session) => gateway.writer.closed(session),
    refuse: (session, code) => gateway.writer.goodbye(session, code),
    answer: (request) => http.answer(request),
  });
  log.info({ port: listening.port, gatewayId }, 'listening');
  return {
    ready: { port: listening.port },
    stop: async () => {
      listening.stopListening();
      await gateway.stop(config.GATEWAY_DRAIN_MS);
      listening.close();
      await ownHealth?.stop();
      personLimits.close();
      await catalog.close();
      await stream.close();
      await history.close();
    },
  };
}

async function serveOwnHealth(config: Config, health: Health) {
  const { GATEWAY_HEALTH_HOST: host, GATEWAY_HEALTH_PORT: port } = config;
  return port === 0 ? undefined : await serveHealth({ ...health, host, port });
}

function routes(
  config: Config,
  parts: {
    readonly limits: ReturnType<typeof limitsOf>;
    readonly personLimits: PersonLimits;
    readonly tokens: Tokens;
    readonly catalog: Awaited<ReturnType<typeof openNatsCatalog>>;
    readonly gateway: Gateway;
  },
) {
  const { catalog, gateway } = parts;
  const learn = new LearnPages({ catalog, creatorId: config.GATEWAY_DEMO_CREATOR, clock });
  return {
    site: new Site({ widgetFolder: join(import.meta.dirname, '..', 'widget'), learn }),
    visitors: new VisitorsApi({ ...parts, addressHeader: config.GATEWAY_ADDRESS_HEADER }),
    messages: new MessagesApi({
      ...parts,
      ...gateway,
      reader: gateway.reader,
      sayRequests: gateway.sayRequests,
    }),
  };
}
