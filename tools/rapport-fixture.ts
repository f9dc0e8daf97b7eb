import type { Child } from './child.ts';
import { readStartSettings } from './config.ts';
import { LocalRun, type ProcessName } from './local-run.ts';
import { makeScratch, type Scratch } from './scratch.ts';

/** Rapport as `npm start` runs it, on free ports and in a folder of its own, for tests and measurements. */
export interface TestRapport {
  /** `http://127.0.0.1:<port>` of the gateway; restarts keep it. */
  readonly url: string;
  readonly wsUrl: string;
  /** Of the first gateway; a restart changes it. */
  readonly metricsUrl: string;
  readonly natsUrl: string;
  readonly dataDir: string;
  /** Process numbers at this moment; 0 for a process that is down. */
  readonly pids: Readonly<Record<ProcessName, number>>;
  /** The sentences that a person at the terminal would have read so far. */
  readonly told: readonly string[];
  /** Ends the process in order and starts it again; resolves when it is ready. */
  restart(name: ProcessName): Promise<void>;
  /**
   * Sends the signal. Resolves when the process is gone; at once when the signal only stops or continues it.
   * The supervisor starts a dead process again: `up` waits for that.
   */
  kill(name: ProcessName, signal: NodeJS.Signals): Promise<void>;
  /** Resolves when the process runs and is ready, now or after its next start. */
  up(name: ProcessName): Promise<void>;
  /** Stops everything and deletes the folder, unless `dataDir` was given. */
  stop(): Promise<void>;
  /** Starts one more process, such as `actors-4`; resolves when it is ready. */
  add(name: ProcessName): Promise<void>;
  /** Ends a process in order. It is not started again. */
  remove(name: ProcessName): Promise<void>;
}

/** Settings of the shell that runs the tests do not reach Rapport. */
const own = {
  PORT_BASE: '0',
  GATEWAY_PORT: '0',
  GATEWAY_HEALTH_PORT: '0',
  INFERENCE_PORT: '0',
  NATS_PORT: '0',
  NATS_URL: '',
  HISTORY_URL: '',
  // All people of a test come from one address, and some of them do what many would.
  GATEWAY_REQUESTS_PER_ADDRESS_MAX: '1000000',
  GATEWAY_REQUESTS_PER_PERSON_MAX: '1000000',
  GATEWAY_ADDRESS_BYTES_PER_SECOND_MAX: '1000000000',
  GATEWAY_SOCKETS_WITHOUT_HELLO_PER_ADDRESS_MAX: '1000000',
} as const;

export async function startRapport(
  options: {
    /** The number of actor hosts, 1 when absent; the same for gateways. */
    readonly actors?: number;
    readonly gateways?: number;
    readonly env?: Readonly<Record<string, string>>;
    readonly dataDir?: string;
    /** Where another version's code is that a process runs at its next start; undefined: this one's. */
    readonly rootOf?: ((name: ProcessName) => string | undefined) | undefined;
  } = {},
): Promise<TestRapport> {
  const { path: dataDir, remove } = await folderOf(options.dataDir);
  const { actors = 1, gateways = 1 } = options;
  const counts = { ACTORS: String(actors), GATEWAYS: String(gateways) };
  const env = { ...process.env, ...own, ...counts, ...options.env, DATA_DIR: dataDir };
  const told: string[] = [];
  const run = new LocalRun({
    settings: readStartSettings(env),
    env,
    tell: (sentence) => void told.push(sentence),
    rootOf: options.rootOf,
  });
  await run.start();
  return {
    url: run.url,
    wsUrl: `${run.url.replace('http:', 'ws:')}/v1/ws`,
    natsUrl: run.natsUrl,
    dataDir,
    told,
    get metricsUrl() {
      return run.metricsUrl;
    },
    get pids() {
      return pidsOf(run);
    },
    restart: async (name) => void (await run.process(name).restart()),
    kill: (name, signal) => kill(run.process(name).child, signal),
    up: async (name) => void (await run.process(name).up()),
    add: (name) => run.add(name),
    remove: (name) => run.remove(name),
    stop: async () => {
      await run.stop();
      await remove();
    },
  };
}

async function folderOf(given: string | undefined): Promise<Scratch> {
  return given === undefined ? await makeScratch('run') : { path: given, remove: async () => undefined };
}

function pidsOf(run: LocalRun): Record<ProcessName, number> {
  const pid = (name: ProcessName) => (run.names.includes(name) ? run.process(name).child?.pid : 0) ?? 0;
  const others = run.names.map((name) => [name, pid(name)] as const);
  return {
    gateway: pid('gateway'),
    actors: pid('actors'),
    inference: pid('inference'),
    nats: pid('nats'),
    ...Object.fromEntries(others),
  };
}

async function kill(child: Child | undefined, signal: NodeJS.Signals): Promise<void> {
  child?.kill(signal);
  if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await child?.ended;
}
