import { randomUUID } from 'node:crypto';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { creatorSchema } from '@rapport/catalog/creator.ts';
import { SocketClient, until } from '@rapport/gateway/testing/process-fixture.ts';
import type { HelloJson, MessageJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { storedMessages } from './stored-messages.ts';

const log = createLog({ name: 'sockets', level: 'silent' });
let rapport: TestRapport;
const sockets: SocketClient[] = [];

beforeAll(async () => {
  rapport = await startRapport({
    env: {
      GATEWAY_SAYS_PER_WINDOW_MAX: '1000000',
      // One person connects some 230 times, as fast as the machine allows.
      GATEWAY_PERSON_BYTES_MAX: '1000000000',
      GATEWAY_PAGES_PER_WINDOW_MAX: '1000000',
    },
  });
  const nc = await connectNats({ url: rapport.natsUrl, name: 'sockets', log });
  const catalog = await openNatsCatalog(nc, log);
  await catalog.putCreator(creatorSchema.parse({ creatorId: 'quiet', name: 'Quiet', answering: 'people' }));
  await catalog.close();
  await nc.drain();
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.end();
});

afterAll(async () => {
  await rapport.stop();
});

async function visitor(): Promise<string> {
  const body = JSON.stringify({ creatorId: 'quiet' });
  const response = await fetch(`${rapport.url}/v1/visitors`, { method: 'POST', body });
  const { token } = (await response.json()) as { token: string };
  return token;
}

async function connected(hello: HelloJson): Promise<SocketClient> {
  const socket = await new SocketClient(rapport.wsUrl).open();
  sockets.push(socket);
  socket.send({ hello: { deviceId: randomUUID(), ...hello } });
  await until(() => socket.frames.find(({ welcome }) => welcome));
  return socket;
}

function say(socket: SocketClient, clientSeq: number, id: string = randomUUID(), text = `text ${clientSeq}`) {
  socket.send({ say: { clientSeq, id, text } });
}

const storedSeqs = (socket: SocketClient, clientSeq: number) =>
  socket.frames.flatMap(({ receipt }) =>
    receipt?.clientSeq === clientSeq && receipt.state === 'STORED' ? [receipt.seq ?? 0] : [],
  );

const stored = (socket: SocketClient, clientSeq: number) =>
  until(() => storedSeqs(socket, clientSeq).length > 0);

/** Every message that the socket received, live or as history, in the order of arrival. */
function messagesOf({ frames }: SocketClient): MessageJson[] {
  return frames.flatMap(({ message, history }) => history?.messages ?? (message ? [message] : []));
}

const seqsOf = (socket: SocketClient) => messagesOf(socket).map(({ seq = 0 }) => seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

const inStore = (token: string) => storedMessages(rapport.url, token);

describe('one device on two sockets', () => {
  test('both get every message and every receipt; what both send is stored once', async () => {
    const token = await visitor();
    const deviceId = randomUUID();
    const one = await connected({ token, deviceId });
    const two = await connected({ token, deviceId });
    const ids = range(1, 14).map(() => randomUUID());
    // Both sockets send everything, like a client that resends on a new socket what the old one still sends.
    for (const [at, id] of ids.entries()) for (const socket of [one, two]) say(socket, at + 1, id);
    for (const socket of [one, two]) await stored(socket, 14);
    // Then they take turns: each sends the number after the other's.
    for (const clientSeq of range(15, 24)) {
      const id = randomUUID();
      ids.push(id);
      say(clientSeq % 2 === 0 ? one : two, clientSeq, id);
      for (const socket of [one, two]) await stored(socket, clientSeq);
    }
    for (const socket of [one, two]) {
      await until(() => seqsOf(socket).length >= 24);
      expect(seqsOf(socket)).toEqual(range(1, 24));
      for (const clientSeq of range(1, 24)) {
        expect(new Set(storedSeqs(socket, clientSeq))).toEqual(new Set([clientSeq]));
      }
      expect(socket.frames.filter(({ receipt }) => receipt?.state === 'REJECTED')).toEqual([]);
    }
    expect((await inStore(token)).map(({ id }) => id)).toEqual(ids);
  });
});

describe('resuming', () => {
  const top = 230;

  /** A conversation of `top` messages. Some are so long that a frame holds only a few. */
  async function conversation(): Promise<string> {
    const token = await visitor();
    const socket = await connected({ token });
    for (const clientSeq of range(1, top)) {
      const text = clientSeq % 20 === 0 ? 'x'.repeat(7_900) : `text ${clientSeq}`;
      say(socket, clientSeq, randomUUID(), text);
      if (clientSeq % 10 === 0) await stored(socket, clientSeq);
    }
    socket.end();
    return token;
  }

  /** Resolves when all that follows hello has come. A page is asked for last: frames keep their order. */
  async function caughtUp(socket: SocketClient): Promise<void> {
    await until(() => !socket.frames.findLast(({ history }) => history)?.history?.more);
    socket.send({ page: { afterSeq: top, limit: 1 } });
    await until(() => socket.frames.find(({ history }) => history?.paged));
  }

  async function resumed(hello: HelloJson): Promise<number[]> {
    const socket = await connected(hello);
    expect(socket.frames.find(({ welcome }) => welcome)?.welcome?.topSeq).toBe(top);
    await caughtUp(socket);
    socket.end();
    await socket.closed;
    return seqsOf(socket);
  }

  test('from any seq gives exactly the rest, in order', { timeout: 90_000 }, async () => {
    const token = await conversation();
    for (const afterSeq of range(0, top)) {
      expect(await resumed({ token, afterSeq }), `after ${afterSeq}`).toEqual(range(afterSeq + 1, top));
    }
    expect(await resumed({ token, afterSeq: top + 1_000 })).toEqual([]);
  });

  test('with a tail gives the newest; with a position the tail does not matter', async () => {
    const token = await conversation();
    for (const tail of [1, 2, 7, 199, top - 1, top, top + 1, 4_000_000_000]) {
      const first = Math.max(1, top - tail + 1);
      expect(await resumed({ token, tail }), `tail ${tail}`).toEqual(range(first, top));
    }
    expect(await resumed({ token, tail: 0 })).toEqual(range(1, top));
    expect(await resumed({ token, tail: 3, afterSeq: 200 })).toEqual(range(201, top));
  });

  test('while the person goes on writing leaves no hole and repeats nothing', async () => {
    const token = await conversation();
    const writer = await connected({ token, afterSeq: top });
    const ids = range(1, 60);
    const writing = (async () => {
      for (const clientSeq of ids) {
        say(writer, clientSeq);
        await stored(writer, clientSeq);
      }
    })();
    for (const afterSeq of [0, 17, 100, 199, 229, 230]) {
      const socket = await connected({ token, afterSeq });
      const { topSeq = 0 } = socket.frames.find(({ welcome }) => welcome)?.welcome ?? {};
      await until(() => (seqsOf(socket).at(-1) ?? 0) > Math.min(topSeq, top + ids.length - 1));
      const seqs = seqsOf(socket);
      expect(seqs).toEqual(range(afterSeq + 1, seqs.at(-1) ?? 0));
      socket.end();
    }
    await writing;
    await until(() => seqsOf(writer).length === ids.length);
    expect(seqsOf(writer)).toEqual(range(top + 1, top + ids.length));
  });
});
