import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { DemoSite } from '@rapport/demo/demo-site.ts';
import { openHistory } from '@rapport/history/open-history.ts';
import { systemClock as clock } from '@rapport/runtime/clock.ts';
import { serveHealth } from '@rapport/runtime/health.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import { helpText, type OptionValues, readOptions } from '@rapport/runtime/options.ts';
import { runService } from '@rapport/runtime/service.ts';
import { openStream } from '@rapport/stream/open-stream.ts';
import { gatewayOptions, limitsOf } from './config.ts';
import { Gateway, stopWithinMs } from './gateway.ts';
import { addressOf } from './http/address-of.ts';
import { Http } from './http/http.ts';
import { MessagesApi } from './http/messages-api.ts';
import { Readiness } from './http/readiness.ts';
import { RequestBudget } from './http/request-budget.ts';
import { Site } from './http/site.ts';
import { VisitorsApi } from './http/visitors-api.ts';
import { WidgetScript } from './http/widget-script.ts';
import type { PersonLimits } from './limits/limits.ts';
import { MemoryLimits } from './limits/limits-memory.ts';
import { RedisLimits } from './limits/limits-redis.ts';
import { createMeters } from './meters.ts';
import { listen, type SocketOptions } from './sockets/socket.ts';
import { type SourceOf, sourceReader } from './tokens/origin.ts';
import { openTokenKeys } from './tokens/token-keys.ts';
import { Tokens } from './tokens/tokens.ts';

/** The connections to NATS, Redis and the store are closed within this. */
const closeWithinMs = 5_000;

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
    jwksAudience: config.GATEWAY_JWKS_AUDIENCE,
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
  const random = Math.random;
  const gateway = new Gateway({ ...parts, ...stream, history, gatewayId, acceptedAfterMs, random });
  showGauges(metrics, gateway, personLimits);
  await gateway.start();
  const ready = async () => {
    gateway.ping();
    await Promise.all([stream.ping(), history.ping()]);
  };
  const health = await serveHealth({
    metrics,
    ready,
    host: config.GATEWAY_HEALTH_HOST,
    port: config.GATEWAY_HEALTH_PORT,
  });
  const readiness = new Readiness({ ready, clock, log });
  const sourceOf = sourceReader(config.GATEWAY_HOST_NAMES);
  const http = new Http({ readiness, clock, log, ...routes(config, { ...parts, gateway, sourceOf }) });
  const listening = await listen({
    host: config.GATEWAY_HOST,
    port: config.GATEWAY_PORT,
    limits,
    peerOf: peerReader(sourceOf, config.GATEWAY_ADDRESS_HEADER.toLowerCase()),
    open: (wire, peer) => gateway.frames.open(wire, peer),
    admits: (session, bytes) => gateway.frames.admits(session, bytes),
    take: (session, sent) => gateway.frames.take(session, sent),
    drained: (session) => gateway.writer.drained(session),
    closed: (session) => gateway.writer.closed(session),
    refuse: (session, code) => gateway.writer.goodbye(session, code),
    begin: (head) => http.begin(head),
  });
  const { port } = listening;
  log.info({ host: config.GATEWAY_HOST, port, healthPort: health.port, gatewayId }, 'listening');
  return {
    ready: { port, healthPort: health.port },
    stopWithinMs: stopWithinMs(config.GATEWAY_DRAIN_MS) + closeWithinMs,
    stop: async () => {
      listening.stopListening();
      await gateway.stop(config.GATEWAY_DRAIN_MS);
      listening.close();
      await health.stop();
      personLimits.close();
      await catalog.close();
      await stream.close();
      await history.close();
    },
  };
}

/** Reads from the head of an upgrade who is at the other end. */
function peerReader(sourceOf: SourceOf, addressHeader: string): SocketOptions['peerOf'] {
  return ({ headers, address }) => ({
    ...sourceOf({ origin: headers.get('origin') ?? '', host: headers.get('host') ?? '' }),
    address: addressOf({ headers, address }, addressHeader),
  });
}

/** What is counted at the moment at which somebody looks. */
function showGauges(metrics: Metrics, gateway: Gateway, personLimits: PersonLimits): void {
  metrics.gauge('rapport_gateway_sessions', 'Open sessions', () => gateway.frames.sessions.size);
  metrics.gauge('rapport_gateway_conversations', 'Conversations with a session', () => gateway.rooms.size);
  metrics.gauge(
    'rapport_gateway_refusing_partitions',
    'Partitions whose newest append was given up',
    () => gateway.refusingPartitions,
  );
  metrics.gauge('rapport_gateway_limits_together', 'Limits count with all gateways', () =>
    personLimits.together ? 1 : 0,
  );
}

function routes(
  config: Config,
  parts: {
    readonly limits: ReturnType<typeof limitsOf>;
    readonly personLimits: PersonLimits;
    readonly tokens: Tokens;
    readonly catalog: Awaited<ReturnType<typeof openNatsCatalog>>;
    readonly gateway: Gateway;
    readonly sourceOf: SourceOf;
  },
) {
  const { catalog, gateway, limits } = parts;
  const budget = new RequestBudget({ limits, clock, addressHeader: config.GATEWAY_ADDRESS_HEADER });
  const { reader, sayRequests, intake } = gateway;
  return {
    budget,
    site: new Site({
      script: new WidgetScript({ folder: join(import.meta.dirname, '..', 'widget', 'dist') }),
      demo: new DemoSite({ catalog, creatorId: config.GATEWAY_DEMO_CREATOR, clock }),
    }),
    visitors: new VisitorsApi({ ...parts, budget }),
    messages: new MessagesApi({ ...parts, budget, intake, reader, sayRequests }),
  };
}
