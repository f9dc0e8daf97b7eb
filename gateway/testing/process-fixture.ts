import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { openHistory } from '@rapport/history/open-history.ts';
import { envelopesOf } from '@rapport/proto/batch.ts';
import type { DownJson, UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { startTestNats } from '@rapport/stream/nats-fixture.ts';
import { openStream } from '@rapport/stream/open-stream.ts';
import { ScriptedOwner } from './owner-fixture.ts';

const partitions = 4;

/**
 * A gateway as it runs: its own process, a real nats-server, a store on disk; this process plays the owners.
 */
export async function startGatewayProcess(env: Readonly<Record<string, string>> = {}) {
  const nats = await startTestNats();
  const folder = await mkdtemp(join(tmpdir(), 'rapport-gateway-'));
  const historyUrl = `sqlite:${join(folder, 'history.db')}`;
  const store = openHistory(historyUrl);
  const played = await playOwners(nats.url, store);
  const child = fork(join(import.meta.dirname, '..', 'main.ts'), {
    env: {
      PATH: process.env.PATH,
      NATS_URL: nats.url,
      HISTORY_URL: historyUrl,
      DATA_DIR: folder,
      PARTITIONS: String(partitions),
      GATEWAY_PORT: '0',
      LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [{ ready }] = await once(child, 'message');
  const exited = once(child, 'exit');
  return {
    url: `http://127.0.0.1:${ready.port}`,
    metricsUrl: `http://127.0.0.1:${ready.healthPort}/metrics`,
    wsUrl: `ws://127.0.0.1:${ready.port}/v1/ws`,
    owner: played.owner,
    nats,
    residentBytes: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
    },
    /** Ends the gateway in order and gives its exit status. */
    end: async () => {
      child.kill('SIGTERM');
      const [status] = await exited;
      return status;
    },
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      await played.stop();
      await store.close();
      await nats.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function playOwners(url: string, store: ReturnType<typeof openHistory>) {
  const log = createLog({ name: 'owner', level: 'silent' });
  const stream = await openStream({ url, name: 'owner', partitions, log });
  const catalog = await openNatsCatalog(stream.nc, log);
  await catalog.putCreator({
    creatorId: 'demo',
    name: 'Demo',
    greeting: 'Hello.',
    suggestions: [],
    allowedOrigins: ['https://site.example'],
    answering: 'people',
    personality: '',
    unknownAnswer: 'No.',
  });
  const owner = new ScriptedOwner({
    hostId: 'host-1',
    store,
    toGateway: (id, deliveries) => stream.lanes.toGateway(id, deliveries),
  });
  const ending = new AbortController();
  const reads: Promise<void>[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    await stream.owners.claim(partition, owner.hostId);
    stream.lanes.onControls(partition, (controls) => owner.take(controls));
    reads.push(fold(stream.inbox.read(partition, 0, ending.signal), owner));
  }
  const heartbeat = setInterval(() => owner.heartbeat(), 1_000);
  return {
    owner,
    stop: async () => {
      clearInterval(heartbeat);
      ending.abort();
      await Promise.all(reads);
      await catalog.close();
      await stream.close();
    },
  };
}

async function fold(
  records: ReturnType<Awaited<ReturnType<typeof openStream>>['inbox']['read']>,
  owner: ScriptedOwner,
): Promise<void> {
  for await (const { bytes } of records) await owner.fold(envelopesOf(bytes));
}

/** A browser's client. */
export class SocketClient {
  readonly frames: DownJson[] = [];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #socket: WebSocket;

  constructor(url: string, subprotocol = 'rapport.v1.json') {
    this.#socket = new WebSocket(url, subprotocol);
    this.#socket.onmessage = ({ data }) => this.frames.push(JSON.parse(data));
    this.closed = new Promise((resolve) => {
      this.#socket.onclose = ({ code, reason }) => resolve({ code, reason });
    });
  }

  async open(): Promise<this> {
    if (this.#socket.readyState === WebSocket.CONNECTING) await once(this.#socket, 'open');
    return this;
  }

  send(up: UpJson): void {
    this.raw(JSON.stringify(up));
  }

  raw(sent: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(sent);
  }

  end(): void {
    this.#socket.close();
  }
}

/** Resolves with what `look` finds, once it finds something. */
export async function until<T>(look: () => T | undefined | false, withinMs = 10_000): Promise<T> {
  const endMs = Date.now() + withinMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > endMs) throw new Error(`Nothing was found within ${withinMs} ms by ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
