import { join } from 'node:path';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { freePort } from '@rapport/runtime/free-port.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { startChild } from '@rapport/tools/child.ts';
import { LogFile } from '@rapport/tools/log-file.ts';
import { startRapport } from '@rapport/tools/rapport-fixture.ts';
import { makeScratch } from '@rapport/tools/scratch.ts';
import { startNatsServer } from '@rapport/tools/servers/embedded-server.ts';
import { findNatsServer } from '@rapport/tools/servers/nats-binary.ts';
import { openVisitorTokens } from './visitor-tokens.ts';

/** The floor or Rapport, running in a folder of its own. */
export interface System {
  readonly port: number;
  readonly pids: Readonly<Record<string, number>>;
  /** The /metrics of its processes. Empty for the floor. */
  readonly metricsUrls: readonly string[];
  /** The SQLite file that holds its messages. */
  readonly historyPath: string;
  /** Tokens of `count` new people. */
  tokens(count: number): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export type SystemName = 'floor' | 'rapport';

export const startSystem: Readonly<Record<SystemName, () => Promise<System>>> = {
  floor: startFloor,
  rapport: startWhole,
};

const quiet = { info: () => {}, warn: () => {}, error: () => {} };
const tell = (sentence: string) => void process.stderr.write(`${sentence}\n`);
const creatorId = 'bench';

/** The way of a message stripped bare: no checks, no schema, no second owner, no resume. */
async function startFloor(): Promise<System> {
  const scratch = await makeScratch('floor');
  const binary = await findNatsServer({
    toolsDir: join(import.meta.dirname, '..', '..', '.tools'),
    log: quiet,
    given: process.env.NATS_SERVER_BIN,
  });
  const nats = await startNatsServer({ binary, dataDir: join(scratch.path, 'nats'), log: quiet });
  const env = { ...process.env, NATS_URL: nats.url, FLOOR_PATH: join(scratch.path, 'floor.db') };
  const start = (name: string) =>
    startChild({
      name,
      script: join(import.meta.dirname, `${name}.ts`),
      env,
      log: new LogFile(join(scratch.path, 'log', `${name}.log`)),
      tell,
    });
  const worker = await start('floor-worker');
  const gateway = await start('floor-gateway');
  return {
    port: gateway.port,
    pids: { gateway: gateway.pid, actors: worker.pid, nats: nats.pid },
    metricsUrls: [],
    historyPath: env.FLOOR_PATH,
    tokens: async (count) => Array.from({ length: count }, () => ''),
    stop: async () => {
      await gateway.stop();
      await worker.stop();
      await nats.stop();
      await scratch.remove();
    },
  };
}

const most = String(2 ** 31 - 1);

/** Rapport as `npm start` runs it, without the limits of a single person. */
async function startWhole(): Promise<System> {
  const healthPort = await freePort('127.0.0.1');
  const rapport = await startRapport({
    env: {
      ACTORS_HEALTH_PORT: String(healthPort),
      GATEWAY_SAYS_PER_WINDOW_MAX: most,
      GATEWAY_SOCKET_BYTES_MAX: most,
      GATEWAY_PERSON_BYTES_MAX: most,
      GATEWAY_SOCKETS_WITHOUT_HELLO_MAX: most,
      LOG_LEVEL: 'warn',
    },
  });
  await putCreator(rapport.natsUrl);
  const tokenOf = await openVisitorTokens(rapport.dataDir, creatorId);
  let people = 0;
  const issue = () => {
    people += 1;
    return tokenOf(`person-${people}`);
  };
  return {
    port: Number(new URL(rapport.url).port),
    pids: rapport.pids,
    metricsUrls: [rapport.metricsUrl, `http://127.0.0.1:${healthPort}/metrics`],
    historyPath: join(rapport.dataDir, 'history.db'),
    tokens: (count) => Promise.all(Array.from({ length: count }, issue)),
    stop: async () => {
      for (const sentence of rapport.told) tell(sentence);
      await rapport.stop();
    },
  };
}

/** No coach answers here, so that no model's time is measured. */
async function putCreator(natsUrl: string): Promise<void> {
  const log = createLog({ name: 'bench', level: 'warn' });
  const nc = await connectNats({ url: natsUrl, name: 'bench', log });
  const catalog = await openNatsCatalog(nc, log);
  await catalog.putCreator({
    creatorId,
    name: 'Bench',
    greeting: '',
    suggestions: [],
    allowedOrigins: [],
    answering: 'people',
    personality: '',
    unknownAnswer: 'Nobody asks.',
  });
  await catalog.close();
  await nc.drain();
}
