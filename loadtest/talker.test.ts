import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { type Stored, Talker } from './talker.ts';

const open: WebSocketServer[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    for (const client of server.clients) client.terminate();
    server.close();
  }
});

const stored = (clientSeq: number) => ({ receipt: { clientSeq, state: 'STORED', seq: clientSeq } });

/** Lets a talker talk to a server that welcomes it and answers its second say with `frames`. */
async function told(
  frames: readonly object[],
): Promise<{ stored: number[]; wrong: string[]; waiting: number }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  open.push(server);
  server.on('connection', (socket) => {
    let frame = 0;
    socket.on('message', () => {
      frame += 1;
      if (frame === 1) socket.send('{"welcome":{}}');
      if (frame === 3) for (const one of [...frames, { presence: {} }]) socket.send(JSON.stringify(one));
      if (frame === 3) socket.close();
    });
  });
  await once(server, 'listening');
  const seen: Stored[] = [];
  const wrong: string[] = [];
  const talker = new Talker({
    port: (server.address() as AddressInfo).port,
    token: '',
    onStored: (one) => void seen.push(one),
    onWrong: (sentence) => void wrong.push(sentence),
  });
  await talker.open();
  talker.say(1);
  talker.say(2);
  talker.flush();
  await expect.poll(() => wrong.at(-1)).toContain('closed');
  return {
    stored: seen.map(({ clientSeq }) => clientSeq),
    wrong: wrong.slice(0, -1),
    waiting: talker.waiting,
  };
}

test('counts each say once, at its stored receipt', async () => {
  const accepted = { receipt: { clientSeq: 1, state: 'ACCEPTED' } };
  const message = (seq: number) => ({ message: { seq, text: 'x' } });
  const good = await told([accepted, stored(1), message(1), message(2), stored(2)]);
  expect(good).toEqual({ stored: [1, 2], wrong: [], waiting: 0 });
  const otherwise = [
    { receipt: { state: 'STORED', seq: 1, clientSeq: 1 } },
    { message: { text: 'x', seq: 1 } },
  ];
  expect(await told([...otherwise, stored(2)])).toEqual({ stored: [1, 2], wrong: [], waiting: 0 });
});

test('notices receipts out of order, twice, and those that never come', async () => {
  const sentence = 'a stored receipt out of order or twice';
  expect(await told([stored(2)])).toEqual({ stored: [], wrong: [sentence], waiting: 2 });
  expect(await told([stored(1), stored(1)])).toEqual({ stored: [1], wrong: [sentence], waiting: 1 });
  expect(await told([stored(1)])).toEqual({ stored: [1], wrong: [], waiting: 1 });
});

test('notices a hole between messages, a rejection, a fault and a goodbye', async () => {
  const { wrong } = await told([
    { message: { seq: 2 } },
    { receipt: { clientSeq: 1, state: 'REJECTED', code: 'busy' } },
    { fault: { code: 'too_fast', reason: 'wait' } },
    { goodbye: { code: 'slow' } },
  ]);
  expect(wrong).toEqual([
    'a message out of order, twice or after a hole',
    'rejected: busy',
    'fault too_fast: wait',
    'goodbye slow',
  ]);
});
