import { join } from 'node:path';
import { jetstreamManager, StorageType } from '@nats-io/jetstream';
import { freePort } from '@rapport/runtime/free-port.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { type ClusterPlace, type NatsServer, type ServerLog, startNatsServer } from './embedded-server.ts';
import { serverPassword, serverUrl } from './server-password.ts';

/** nats-servers of this machine that keep streams together, and that tests can stop and kill. */
export interface NatsCluster {
  /** The address of each server, whether it runs or not. */
  readonly urls: readonly string[];
  /** The address of each server that clients are told: its own, or where `advertise` sends them. */
  readonly advertisedUrls: readonly string[];
  readonly pids: readonly number[];
  signal(server: number, signal: NodeJS.Signals): void;
  /** Ends a server as a power cut would, or in order; resolves when it is gone. */
  end(server: number, how: 'killed' | 'in order'): Promise<void>;
  /** Starts a server again on its port and folder; resolves when it takes clients and has caught up. */
  start(server: number): Promise<void>;
  /** The server that leads the stream; undefined while none does, and where one server stands alone. */
  leaderOf(stream: string): Promise<number | undefined>;
  stop(): Promise<void>;
}

export interface NatsClusterOptions {
  readonly binary: string;
  readonly dataDir: string;
  /** Streams of three servers outlive the loss of any server. */
  readonly size: 1 | 3;
  /**
   * Maps the servers' ports to the ports that clients are told, so that a proxy can stand before every
   * server.
   */
  readonly advertise?: (ports: readonly number[]) => Promise<readonly number[]>;
  readonly log: ServerLog;
}

type Manager = Awaited<ReturnType<typeof jetstreamManager>>;

/** A cluster chooses new leaders in four to nine seconds; the first leaders come sooner. */
const readyWithinMs = 30_000;
const askAgainMs = 100;

/** Resolves when streams can be made. */
export async function startNatsCluster(options: NatsClusterOptions): Promise<NatsCluster> {
  const { binary, dataDir, size, log } = options;
  const ports = await freePorts(size);
  const routes = await freePorts(size);
  const advertised = (await options.advertise?.(ports)) ?? ports;
  const password = serverPassword(dataDir); // One for all: a client signs in to each of them alike.
  const launch = (at: number) =>
    startNatsServer({
      binary,
      dataDir: join(dataDir, nameOf(at)),
      port: ports[at] ?? 0,
      password,
      log,
      ...(size === 1 ? {} : { cluster: placeOf(at, { routes, advertised }) }),
    });
  const servers: NatsServer[] = await Promise.all(ports.map((_, at) => launch(at)));
  const urls = ports.map((port) => serverUrl(password, port));
  await patiently(() => withJetStream(urls, (jsm) => tryOut(jsm, size)));
  return {
    urls,
    advertisedUrls: advertised.map((port) => serverUrl(password, port)),
    get pids() {
      return servers.map(({ pid }) => pid);
    },
    signal: (at, signal) => void process.kill(servers[at]?.pid ?? 0, signal),
    end: async (at, how) => {
      if (how === 'in order') await servers[at]?.stop();
      else servers[at]?.kill();
      await servers[at]?.ended;
    },
    start: async (at) => {
      servers[at] = await launch(at);
      if (size > 1) await patiently(() => withJetStream(urls, allCurrent));
    },
    leaderOf: (stream) => leaderOf(urls, stream),
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

function nameOf(at: number): string {
  return `nats-${at + 1}`;
}

function placeOf(
  at: number,
  { routes, advertised }: { readonly routes: readonly number[]; readonly advertised: readonly number[] },
): ClusterPlace {
  const advertise = `127.0.0.1:${advertised[at]}`;
  return { serverName: nameOf(at), port: routes[at] ?? 0, routes, advertise };
}

/** Taken one after the other, because a port that was given back may be given again. */
async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort('127.0.0.1'));
  return [...ports];
}

/** Repeats the attempt until it succeeds; throws the last failure when that takes too long. */
async function patiently(attempt: () => Promise<void>): Promise<void> {
  const untilMs = performance.now() + readyWithinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (failure) {
      if (performance.now() > untilMs) throw failure;
    }
    await new Promise((resolve) => setTimeout(resolve, askAgainMs));
  }
}

/** Throws until a leader knows all the others: before that, making a stream is refused. */
async function tryOut(jsm: Manager, copies: number): Promise<void> {
  const name = 'tried-out';
  await jsm.streams.add({ name, subjects: [name], num_replicas: copies, storage: StorageType.Memory });
  await jsm.streams.delete(name);
}

/** Throws while a stream has no leader, or a copy that is behind. */
async function allCurrent(jsm: Manager): Promise<void> {
  for await (const { config, cluster } of jsm.streams.list()) {
    const copies = cluster?.replicas ?? [];
    const isWhole =
      cluster?.leader !== undefined && copies.every(({ current, offline }) => current && !offline);
    if (!isWhole) throw new Error(`Cannot go on: not every copy of stream ${config.name} is current`);
  }
}

async function leaderOf(urls: readonly string[], stream: string): Promise<number | undefined> {
  const leader = await withJetStream(urls, async (jsm) => {
    const found = await jsm.streams.info(stream).catch(() => undefined); // The stream has no leader.
    return found?.cluster?.leader;
  });
  const at = urls.findIndex((_, index) => nameOf(index) === leader);
  return at === -1 ? undefined : at;
}

async function withJetStream<T>(urls: readonly string[], ask: (jsm: Manager) => Promise<T>): Promise<T> {
  const log = createLog({ name: 'cluster', level: 'silent' });
  const nc = await connectNats({ url: urls.join(','), name: 'cluster', log });
  try {
    return await ask(await jetstreamManager(nc, { checkAPI: false, timeout: 1_000 }));
  } finally {
    await nc.close();
  }
}
