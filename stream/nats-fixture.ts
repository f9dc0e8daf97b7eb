import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NatsServer, type ServerLog, startNatsServer } from '@rapport/tools/servers/embedded-server.ts';
import { findNatsServer } from '@rapport/tools/servers/nats-binary.ts';

const toolsDir = join(import.meta.dirname, '..', '.tools');

/** A real nats-server for tests, in a fresh folder, on a port that it keeps when it is started again. */
export interface TestNats {
  readonly url: string;
  /** Ends it in order and deletes its folder. */
  stop(): Promise<void>;
  /** Ends it as a power cut would; the folder stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder, after `kill` or instead of it. */
  restart(): Promise<void>;
}

export async function startTestNats(): Promise<TestNats> {
  const binary = await testBinary();
  const dataDir = await mkdtemp(join(tmpdir(), 'rapport-nats-'));
  let server: NatsServer = await startNatsServer({ binary, dataDir, log: quiet });
  const kill = async () => {
    server.kill();
    await server.ended;
  };
  return {
    url: server.url,
    kill,
    restart: async () => {
      await kill();
      server = await startNatsServer({ binary, dataDir, port: server.port, log: quiet });
    },
    stop: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The nats-server binary that tests run. */
export function testBinary(): Promise<string> {
  return findNatsServer({ toolsDir, log: quiet });
}

const quiet: ServerLog = { info: () => {}, warn: () => {}, error: () => {} };
