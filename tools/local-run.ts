import { join, resolve } from 'node:path';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { seedDemo } from '@rapport/catalog/demo.ts';
import { removeNatsUrl, writeNatsUrl } from '@rapport/catalog/nats-url-file.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { startNatsServer } from '@rapport/stream/embedded-server.ts';
import { findNatsServer } from '@rapport/stream/nats-binary.ts';
import { buildWidget } from '@rapport/widget/build.ts';
import { type Child, startChild } from './child.ts';
import type { StartSettings } from './config.ts';
import { takeDataDir } from './data-dir.ts';
import { checkPorts } from './free-port.ts';
import { LogFile } from './log-file.ts';
import { Supervised } from './supervised.ts';

/** The processes of a local run, in the order in which they stop. */
export const processNames = ['gateway', 'actors', 'inference', 'nats'] as const;
export type ProcessName = (typeof processNames)[number];

export interface LocalRunOptions {
  readonly settings: StartSettings;
  /** What the processes get beside what they are told here. */
  readonly env: NodeJS.ProcessEnv;
  /** Called with each sentence that a person should see. */
  readonly tell: (sentence: string) => void;
}

const root = join(import.meta.dirname, '..');

/** Rapport on one machine: a nats-server and our processes, each started again when it dies. */
export class LocalRun {
  readonly dataDir: string;
  readonly processes: Readonly<Record<ProcessName, Supervised>>;
  readonly #options: LocalRunOptions;
  #giveBack: () => void = () => {};

  constructor(options: LocalRunOptions) {
    this.#options = options;
    this.dataDir = resolve(root, options.settings.DATA_DIR);
    const { tell } = options;
    const one = (name: ProcessName, launch: (port: number) => Promise<Child>) =>
      new Supervised({ name, launch, tell });
    this.processes = {
      nats: one('nats', (port) => this.#startNats(port)),
      inference: one('inference', (port) => this.#startOurs('inference', 'INFERENCE_PORT', port)),
      actors: one('actors', (port) => this.#startOurs('actors', 'ACTORS_HEALTH_PORT', port)),
      gateway: one('gateway', (port) => this.#startOurs('gateway', 'GATEWAY_PORT', port)),
    };
  }

  get url(): string {
    return `http://127.0.0.1:${this.#portOf('gateway')}`;
  }

  get natsUrl(): string {
    return this.#options.settings.NATS_URL || `nats://127.0.0.1:${this.#portOf('nats')}`;
  }

  /** Throws, having stopped what it began, with one sentence when something does not start. */
  async start(): Promise<void> {
    const { GATEWAY_PORT, INFERENCE_PORT, NATS_PORT, NATS_URL } = this.#options.settings;
    this.#takeDataDir();
    try {
      await checkPorts({ GATEWAY_PORT, INFERENCE_PORT, NATS_PORT });
      await Promise.all([buildWidget(), NATS_URL === '' ? this.processes.nats.start() : undefined]);
      writeNatsUrl(this.dataDir, this.natsUrl);
      await seed(this.natsUrl);
      await Promise.all([this.processes.gateway.start(), this.#startAnswering()]);
    } catch (failure) {
      await this.stop();
      throw failure;
    }
  }

  /** What uses a process stops before it. */
  async stop(): Promise<void> {
    for (const name of processNames) await this.processes[name].stop();
    this.#giveBack();
    this.#giveBack = () => {};
  }

  /** What a Rapport that was killed left in the folder is no longer true. */
  #takeDataDir(): void {
    const giveBack = takeDataDir(this.dataDir);
    removeNatsUrl(this.dataDir);
    this.#giveBack = () => {
      removeNatsUrl(this.dataDir);
      giveBack();
    };
  }

  /** The actors are told where inference listens, so it comes first. */
  async #startAnswering(): Promise<void> {
    await this.processes.inference.start();
    await this.processes.actors.start();
  }

  async #startNats(port: number): Promise<Child> {
    const { settings, tell } = this.#options;
    const log = new LogFile(join(this.dataDir, 'log', 'nats.log'));
    const write = (level: string) => (sentence: string) =>
      log.write(`${new Date().toISOString()} ${level} ${sentence}`);
    const error = (sentence: string) => {
      write('error')(sentence);
      tell(`nats: ${sentence}`);
    };
    const toolsDir = join(root, '.tools');
    const binary = await findNatsServer({ toolsDir, log: { info: tell }, given: settings.NATS_SERVER_BIN });
    const server = await startNatsServer({
      binary,
      dataDir: join(this.dataDir, 'nats'),
      port: port || settings.NATS_PORT,
      // What it warns of when it recovers from a crash alarms people for nothing; it is in the log.
      log: { info: write('info'), warn: write('warn'), error },
    });
    return {
      pid: server.pid,
      port: server.port,
      ended: server.ended.then(() => 'it ended'),
      stop: server.stop,
      kill: (signal) => void process.kill(server.pid, signal),
    };
  }

  /** Starts `<name>/main.ts`; the option that holds its port gets the one it had before. */
  #startOurs(name: ProcessName, portOption: string, port: number): Promise<Child> {
    const env = this.#childEnv();
    if (port !== 0) env[portOption] = String(port);
    return startChild({
      name,
      script: join(root, name, 'main.ts'),
      env,
      log: new LogFile(join(this.dataDir, 'log', `${name}.log`)),
      tell: this.#options.tell,
    });
  }

  #childEnv(): NodeJS.ProcessEnv {
    const { settings, env } = this.#options;
    return {
      ...env,
      NATS_URL: this.natsUrl,
      HISTORY_URL: settings.HISTORY_URL || `sqlite:${join(this.dataDir, 'history.db')}`,
      INFERENCE_ADDRESS: `127.0.0.1:${this.#portOf('inference') || settings.INFERENCE_PORT}`,
      DATA_DIR: this.dataDir,
      LOG_LEVEL: settings.LOG_LEVEL,
      GATEWAY_PORT: String(settings.GATEWAY_PORT),
      INFERENCE_PORT: String(settings.INFERENCE_PORT),
    };
  }

  #portOf(name: ProcessName): number {
    return this.processes[name].port;
  }
}

/** The demo creator is written before any process starts, so that each of them finds it. */
async function seed(natsUrl: string): Promise<void> {
  const log = createLog({ name: 'seed', level: 'silent' });
  const nc = await connectNats({ url: natsUrl, name: 'seed', log });
  try {
    const catalog = await openNatsCatalog(nc, log);
    await seedDemo(catalog);
    await catalog.close();
  } finally {
    await nc.close(); // Everything written was acknowledged; a connection left open would try for ever.
  }
}
