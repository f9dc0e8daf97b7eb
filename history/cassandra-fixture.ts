import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCassandra } from '@rapport/tools/servers/cassandra-jars.ts';
import {
  type CassandraServer,
  cassandraUrl,
  startCassandra,
} from '@rapport/tools/servers/cassandra-server.ts';

const toolsDir = join(import.meta.dirname, '..', '.tools');

/** A real Cassandra for tests, in a fresh folder, on a port that it keeps when it is started again. */
export interface TestCassandra {
  readonly port: number;
  /** HISTORY_URL of a keyspace that does not exist yet. */
  newUrl(): string;
  /** Ends it as a power cut would; the folder stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder, after `kill`. */
  start(): Promise<void>;
  /** The server answers nothing any more, and its connections stay open. */
  pause(): void;
  resume(): void;
  /** Ends it and deletes its folder. */
  stop(): Promise<void>;
}

export async function startTestCassandra(): Promise<TestCassandra> {
  const jars = await findCassandra({ toolsDir, log: { info: () => {} } });
  const dataDir = await mkdtemp(join(tmpdir(), 'rapport-cassandra-'));
  const port = await lastingPort();
  const storagePort = await lastingPort();
  const launch = () => startCassandra({ jars, dataDir, port, storagePort, log: () => {} });
  let server: CassandraServer = await launch();
  let keyspaces = 0;
  return {
    port,
    newUrl: () => {
      keyspaces += 1;
      return cassandraUrl(port, `test_${keyspaces}`);
    },
    kill: async () => {
      server.kill('SIGKILL');
      await server.ended;
    },
    start: async () => {
      server = await launch();
    },
    pause: () => server.kill('SIGSTOP'),
    resume: () => server.kill('SIGCONT'),
    stop: async () => {
      server.kill('SIGKILL'); // An end in order takes five seconds, and the data is not needed any more.
      await server.ended;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * A free port that stays free while the server is down. It is below the ports that systems give to outgoing
 * connections: such a port could belong to another process, or to our own client, when the server comes back.
 */
async function lastingPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
      server.close();
      await once(server, 'close');
      return port;
    } catch {} // The port is taken: try another one.
  }
}
