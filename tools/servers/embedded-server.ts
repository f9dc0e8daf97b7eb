import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { endWithUs } from '@rapport/runtime/end-with-us.ts';
import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import { writePrivateFile } from '@rapport/runtime/private-file.ts';
import { endLeftover, rememberServer } from './server-lock.ts';
import { serverPassword, serverUrl, serverUser } from './server-password.ts';

/** A nats-server on loopback that this process started and ends. */
export interface NatsServer {
  /** With its password. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server has ended. `asked` is whether this process ended it. */
  readonly ended: Promise<{ readonly asked: boolean }>;
  /** Ends the server in order; resolves when it is gone. */
  stop(): Promise<void>;
  /** Ends the server as a power cut would: for tests. */
  kill(): void;
}

/** Gets the server's own lines. A `Log` is one. */
export interface ServerLog {
  info(sentence: string): void;
  warn(sentence: string): void;
  error(sentence: string): void;
}

export interface NatsServerOptions {
  readonly binary: string;
  /** Streams, configuration and lock live in here; made when absent. */
  readonly dataDir: string;
  /** The port for clients; 0 takes a free one. */
  readonly port?: number;
  /** The password for clients; when absent, the one that is kept in `dataDir`. */
  readonly password?: string;
  /** When absent, the server stands alone. */
  readonly cluster?: ClusterPlace;
  readonly log: ServerLog;
}

/** A server's place among those that keep the same streams. */
export interface ClusterPlace {
  /** A name that no other server of the cluster has. */
  readonly serverName: string;
  /** The port for the other servers, on loopback. */
  readonly port: number;
  /** These ports of all servers. */
  readonly routes: readonly number[];
  /** The address that clients are told, `host:port`: a proxy may stand before the server. */
  readonly advertise: string;
}

/**
 * The largest message: twice the largest batch of envelopes (512 KiB), which leaves room for headers.
 */
const maxPayloadBytes = 1024 * 1024;
/** Recovering a large store takes a while. A server that takes longer has failed. */
const readyWithinMs = 120_000;
/**
 * nats-server warns of a stream that it cannot read, and goes on without it. A new log would begin below the
 * positions that conversations have folded, and lose messages. So a server with such a warning is not used.
 */
const damaged =
  /stream (metafile|checksum)|metafile|(recreating|adding|restoring) stream|restoring \S+ state/i;
/** A server that does not end in order by then is killed. */
const stopWithinMs = 10_000;

/**
 * Starts a nats-server with JetStream that writes every append to disk before it acknowledges it; resolves
 * when it takes clients. Ends a leftover of a killed process first. Throws Fault `unavailable` with one
 * sentence when it cannot.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const dataDir = resolve(options.dataDir);
  const { config, password } = await writeConfig(dataDir, options);
  await endLeftover(dataDir, options.log);
  // A process group of its own: Ctrl-C in a terminal reaches this process, which ends the server last.
  const child = spawn(options.binary, ['-c', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  if (child.pid !== undefined) rememberServer(dataDir, child.pid);
  endWithUs(child); // The store's safety does not rest on it, but on the lock.
  const { port, pid } = await readiness(child, dataDir, options);
  return natsServer(child, { url: serverUrl(password, port), port, pid, dataDir });
}

/** One file holds the whole configuration: any user of the machine can read a command line. */
async function writeConfig(
  dataDir: string,
  options: NatsServerOptions,
): Promise<{ readonly config: string; readonly password: string }> {
  const config = join(dataDir, 'nats-server.conf');
  const storeDir = join(dataDir, 'jetstream');
  try {
    await mkdir(storeDir, { recursive: true, mode: 0o700 });
    const { password = serverPassword(dataDir) } = options;
    writePrivateFile(config, configText({ ...options, storeDir, password }));
    return { config, password };
  } catch (failure) {
    throw new Fault(
      'unavailable',
      `Cannot write to ${dataDir}, where nats-server keeps its streams`,
      failure,
    );
  }
}

interface ConfigValues extends NatsServerOptions {
  readonly storeDir: string;
  readonly password: string;
}

function configText({ storeDir, password, port = 0, cluster }: ConfigValues): string {
  return `# Written at every start; changes here are lost.
server_name: ${cluster?.serverName ?? 'rapport'}
listen: "127.0.0.1:${port === 0 ? -1 : port}"
${loginText(password)}
max_payload: ${maxPayloadBytes}
# A client that does not read: its pending bytes, and how long a write may wait, before it is cut off.
max_pending: 64MB
write_deadline: "10s"
jetstream {
  store_dir: ${JSON.stringify(storeDir)}
  # The default is two minutes; an append that was acknowledged must be on disk.
  sync_interval: always
  max_memory_store: 256MB
  max_file_store: 1TB
}
${cluster === undefined ? '' : clusterText(cluster, password)}`;
}

function loginText(password: string): string {
  return `authorization { user: "${serverUser}", password: "${password}" }`;
}

function clusterText({ port, routes, advertise }: ClusterPlace, password: string): string {
  return `client_advertise: "${advertise}"
cluster {
  name: rapport
  listen: "127.0.0.1:${port}"
  ${loginText(password)}
  routes: [${routes.map((route) => `"${serverUrl(password, route)}"`).join(', ')}]
}
`;
}

/** Follows the server's lines until it is ready; throws what stopped it. */
async function readiness(
  child: ChildProcess,
  dataDir: string,
  options: NatsServerOptions,
): Promise<{ readonly port: number; readonly pid: number }> {
  const { promise, resolve: ready, reject } = Promise.withResolvers<{ port: number; pid: number }>();
  let port = 0;
  let fatal = '';
  const late = setTimeout(() => reject(new Error(`not ready within ${readyWithinMs} ms`)), readyWithinMs);
  if (child.stderr === null) throw new Error('Cannot read from nats-server: it has no stderr');
  createInterface(child.stderr).on('line', (printed) => {
    const { level, sentence } = readLine(printed);
    port = Number(/^Listening for client connections on .*:(\d+)$/.exec(sentence)?.[1] ?? port);
    if (level === 'error') fatal = sentence;
    if (level !== 'info' && damaged.test(sentence)) reject(new Error(sentence.trim()));
    options.log[level](sentence);
    if (sentence === 'Server is ready' && child.pid !== undefined) ready({ port, pid: child.pid });
  });
  child.once('error', reject);
  child.once('close', (code) => reject(new Error(fatal === '' ? `it ended with status ${code}` : fatal)));
  try {
    return await promise;
  } catch (failure) {
    await killNow(child);
    throw startFault(reasonOf(failure), dataDir, options);
  } finally {
    clearTimeout(late);
  }
}

async function killNow(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

/** `[123] 2026/11/20 22:00:44.736498 [INF] Server is ready` */
function readLine(printed: string): {
  readonly level: 'info' | 'warn' | 'error';
  readonly sentence: string;
} {
  const found = /\[(INF|WRN|ERR|FTL|DBG|TRC)\] ?(.*)$/.exec(printed);
  const level =
    found?.[1] === 'WRN' ? 'warn' : found?.[1] === 'ERR' || found?.[1] === 'FTL' ? 'error' : 'info';
  return { level: found === null ? 'error' : level, sentence: found?.[2] ?? printed };
}

function startFault(reason: string, dataDir: string, options: NatsServerOptions): Fault {
  if (/address already in use/.test(reason)) {
    return new Fault(
      'unavailable',
      `Cannot start nats-server: port ${options.port} is in use by another process`,
    );
  }
  if (damaged.test(reason)) {
    return new Fault(
      'unavailable',
      `Cannot use the streams in ${dataDir}, which are damaged: ${reason}. ` +
        'Restore the folder from a backup, or start with another one',
    );
  }
  if (/JetStream|storage directory|store_dir/i.test(reason)) {
    return new Fault(
      'unavailable',
      `Cannot start nats-server on its store ${join(dataDir, 'jetstream')}: ${reason}`,
    );
  }
  return new Fault('unavailable', `Cannot start nats-server (${options.binary}): ${reason}`);
}

function natsServer(
  child: ChildProcess,
  { url, port, pid, dataDir }: Pick<NatsServer, 'url' | 'port' | 'pid'> & { readonly dataDir: string },
): NatsServer {
  let asked = false;
  const ended = once(child, 'close').then(async () => {
    await rm(join(dataDir, 'nats-server.pid'), { force: true });
    return { asked };
  });
  const end = (signal: NodeJS.Signals) => {
    asked = true;
    child.kill(signal);
  };
  return {
    url,
    port,
    pid,
    ended,
    kill: () => end('SIGKILL'),
    stop: async () => {
      end('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
      await ended;
      clearTimeout(late);
    },
  };
}
