import { join, resolve } from 'node:path';
import { buildWidget } from '@rapport/widget/build.ts';
import { checkPorts, type Ports } from './check-ports.ts';
import { type Child, startChild } from './child.ts';
import { closeDataDir } from './close-data-dir.ts';
import type { StartSettings } from './config.ts';
import { takeDataDir } from './data-dir.ts';
import { LogFile } from './log-file.ts';
import { removeNatsUrl, writeNatsUrl } from './nats-url-file.ts';
import { reachableAt } from './reachable-at.ts';
import { seed } from './seed.ts';
import { startNatsServer } from './servers/embedded-server.ts';
import { findNatsServer } from './servers/nats-binary.ts';
import { Supervised } from './supervised.ts';

/** The processes of a local run that has one of each, in the order in which they stop. */
export const processNames = ['gateway', 'actors', 'inference', 'nats'] as const;
/** What a process does; of gateways and actor hosts there may be several. */
export type Role = (typeof processNames)[number];
/** The first of its role, or `actors-2`, `gateway-3`. */
export type ProcessName = Role | `${'gateway' | 'actors'}-${number}`;

export interface LocalRunOptions {
  readonly settings: StartSettings;
  /** The environment of the processes, beside the options that this run sets. */
  readonly env: NodeJS.ProcessEnv;
  /** Called with each sentence that a person should see. */
  readonly tell: (sentence: string) => void;
  /** Whose code a process runs at its next start: another version's folder; undefined: this one's. */
  readonly rootOf?: ((name: ProcessName) => string | undefined) | undefined;
}

/** The processes listen on it unless they are told another address. */
const loopback = '127.0.0.1';
/** Partitions of a new log for each actor host: docs/decisions/0006 says why. */
const partitionsEach = 2;

const root = join(import.meta.dirname, '..');

/** Rapport on one machine: a nats-server and our processes, each started again when it dies. */
export class LocalRun {
  readonly dataDir: string;
  /** The processes that are kept running, by name. */
  readonly #processes = new Map<ProcessName, Supervised>();
  readonly #options: LocalRunOptions;
  /** The address of the nats-server that this run starts, with its password. */
  #natsUrl = '';
  #stopping = false;
  #giveBack: () => void = () => {};

  constructor(options: LocalRunOptions) {
    this.#options = options;
    this.dataDir = resolve(root, options.settings.DATA_DIR);
  }

  /** Throws when no process has that name. */
  process(name: ProcessName): Supervised {
    const found = this.#processes.get(name);
    if (found === undefined) throw new Error(`Cannot find ${name}: there is ${this.names.join(', ')}`);
    return found;
  }

  get names(): readonly ProcessName[] {
    return [...this.#processes.keys()];
  }

  /** Where this machine reaches the gateways. */
  get url(): string {
    return `http://${reachableAt(this.#host('GATEWAY_HOST'), this.#portOf('gateway'))}`;
  }

  /** The meters of the first gateway. */
  get metricsUrl(): string {
    const port = this.#processes.get('gateway')?.child?.healthPort ?? 0;
    return `http://${reachableAt(this.#host('GATEWAY_HEALTH_HOST'), port)}/metrics`;
  }

  /** With the password, if there is one. */
  get natsUrl(): string {
    return this.#options.settings.NATS_URL || this.#natsUrl;
  }

  /** Throws one sentence when a process does not start, after stopping those that did. */
  async start(): Promise<void> {
    const { NATS_URL } = this.#options.settings;
    this.#takeDataDir();
    try {
      await checkPorts(this.#ports());
      await Promise.all([buildWidget(), NATS_URL === '' ? this.add('nats') : undefined]);
      writeNatsUrl(this.dataDir, this.natsUrl);
      await this.#seed();
      await Promise.all([this.#startGateways(), this.#startAnswering()]);
    } catch (failure) {
      await this.stop();
      throw failure;
    }
  }

  #ports(): Ports {
    const { GATEWAY_PORT, INFERENCE_PORT, NATS_PORT } = this.#options.settings;
    return {
      GATEWAY_PORT: { host: this.#host('GATEWAY_HOST'), port: GATEWAY_PORT },
      INFERENCE_PORT: { host: this.#host('INFERENCE_HOST'), port: INFERENCE_PORT },
      NATS_PORT: { host: loopback, port: NATS_PORT },
    };
  }

  async #seed(): Promise<void> {
    const { settings, env } = this.#options;
    const { ACTORS: hosts, DEMO_FOLLOW_UP_SECONDS: followUpSeconds } = settings;
    const replicas = Number(env.STREAM_REPLICAS ?? 1);
    const asked = Number(env.PARTITIONS ?? 0) !== 0; // Then the processes make the log.
    const partitions = asked ? undefined : partitionsEach * hosts;
    await seed(this.natsUrl, { followUpSeconds, partitions, replicas });
  }

  /** Starts one more process and keeps it running. Throws when it does not start. */
  async add(name: ProcessName): Promise<void> {
    if (this.#stopping) throw new Error(`Cannot start ${name}: everything is being stopped`);
    if (this.#processes.has(name)) throw new Error(`Cannot start ${name}: there is one`);
    const launch = (port: number) => this.#launch(name, port);
    const supervised = new Supervised({ name, launch, tell: this.#options.tell });
    this.#processes.set(name, supervised);
    await supervised.start();
  }

  /** Ends a process in order. It is not started again. */
  async remove(name: ProcessName): Promise<void> {
    await this.process(name).stop();
    this.#processes.delete(name);
  }

  /** A process stops after all processes that use it. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const role of processNames) {
      const ofRole = this.names.filter((name) => roleOf(name) === role);
      await Promise.all(ofRole.map((name) => this.process(name).stop()));
    }
    this.#giveBack();
    this.#giveBack = () => {};
  }

  /** Takes the folder and removes the address that a killed Rapport left in it. */
  #takeDataDir(): void {
    const giveBack = takeDataDir(this.dataDir);
    closeDataDir(this.dataDir, this.#options.tell);
    removeNatsUrl(this.dataDir);
    this.#giveBack = () => {
      removeNatsUrl(this.dataDir);
      giveBack();
    };
  }

  /** The first gateway takes the port, the others share it. */
  async #startGateways(): Promise<void> {
    await this.#startAll('gateway', this.#options.settings.GATEWAYS);
  }

  /** Inference starts first, because the actor hosts need its address. */
  async #startAnswering(): Promise<void> {
    await this.add('inference');
    await this.#startAll('actors', this.#options.settings.ACTORS);
  }

  /** The first process makes the token key, the log and the history, which the others then find. */
  async #startAll(role: 'gateway' | 'actors', count: number): Promise<void> {
    await this.add(role);
    const others = Array.from({ length: count - 1 }, (_, at) => this.add(`${role}-${at + 2}`));
    await Promise.all(others);
  }

  #launch(name: ProcessName, port: number): Promise<Child> {
    switch (roleOf(name)) {
      case 'nats':
        return this.#startNats(port);
      case 'inference':
        return this.#startOurs(name, { INFERENCE_PORT: port });
      case 'actors':
        return this.#startOurs(name, {
          ACTORS_NAME: name,
          ACTORS_HEALTH_PORT: port || this.#healthPort(name, 'ACTORS_HEALTH_PORT'),
        });
      case 'gateway':
        return this.#startOurs(name, {
          GATEWAY_PORT: port || this.#portOf('gateway'),
          GATEWAY_HEALTH_PORT: this.#healthPort(name, 'GATEWAY_HEALTH_PORT'),
        });
    }
  }

  /** Health ports count up from the option, one for each process; 0 when the option is not set. */
  #healthPort(name: ProcessName, option: 'ACTORS_HEALTH_PORT' | 'GATEWAY_HEALTH_PORT'): number {
    const first = Number(this.#options.env[option] ?? 0);
    return first > 0 ? first + numberOf(name) - 1 : 0; // The process refuses what is no number.
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
      // After a crash nats-server warns while it recovers. That would alarm people for nothing.
      log: { info: write('info'), warn: write('warn'), error },
    });
    this.#natsUrl = server.url;
    return {
      pid: server.pid,
      port: server.port,
      healthPort: 0,
      ended: server.ended.then(() => 'it ended'),
      stop: server.stop,
      kill: (signal) => void process.kill(server.pid, signal),
    };
  }

  /** Starts `<role>/main.ts`. `own` holds options of this process alone; a 0 is not known yet. */
  #startOurs(name: ProcessName, own: Readonly<Record<string, string | number>>): Promise<Child> {
    const env = this.#childEnv();
    for (const [option, value] of Object.entries(own)) if (value !== 0) env[option] = String(value);
    return startChild({
      name,
      script: join(this.#options.rootOf?.(name) ?? root, roleOf(name), 'main.ts'),
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
      INFERENCE_ADDRESS: reachableAt(
        this.#host('INFERENCE_HOST'),
        this.#portOf('inference') || settings.INFERENCE_PORT,
      ),
      DATA_DIR: this.dataDir,
      LOG_LEVEL: settings.LOG_LEVEL,
      GATEWAY_PORT: String(settings.GATEWAY_PORT),
      INFERENCE_PORT: String(settings.INFERENCE_PORT),
    };
  }

  #host(option: 'GATEWAY_HOST' | 'GATEWAY_HEALTH_HOST' | 'INFERENCE_HOST'): string {
    return this.#options.env[option] || loopback;
  }

  #portOf(name: ProcessName): number {
    return this.#processes.get(name)?.port ?? 0;
  }
}

function roleOf(name: ProcessName): Role {
  return processNames.find((role) => name === role || name.startsWith(`${role}-`)) ?? 'actors';
}

/** 1 for `actors`, 2 for `actors-2`. */
function numberOf(name: ProcessName): number {
  return Number(name.split('-')[1] ?? 1);
}
