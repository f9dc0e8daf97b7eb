import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Chance } from '@rapport/simulation/chance.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChaosProxy } from './proxy.ts';

let echo: Server;
let proxy: ChaosProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => void socket.on('error', () => {}).pipe(socket));
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  const address = echo.address();
  const targetPort = typeof address === 'object' && address !== null ? address.port : 0;
  proxy = await ChaosProxy.listen({ targetPort, chance: new Chance(1, 'proxy') });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  echo.close();
});

/** A connection through the proxy that gathers what comes back. */
async function joined() {
  const socket = connect({ host: '127.0.0.1', port: proxy.port });
  clients.push(socket);
  const seen = { text: '', ended: false };
  socket.on('data', (bytes) => {
    seen.text += bytes.toString();
  });
  socket.on('error', () => {});
  socket.once('close', () => {
    seen.ended = true;
  });
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => {}); // Refused is seen.
  return { socket, seen };
}

test('in fair weather everything passes, both ways and in order', async () => {
  const { socket, seen } = await joined();
  const texts = Array.from({ length: 200 }, (_, at) => `${at} `);
  for (const text of texts) socket.write(text);
  await expect.poll(() => seen.text).toBe(texts.join(''));
});

test('what is stalled arrives when the weather is fair again, whole and in order', async () => {
  const { socket, seen } = await joined();
  proxy.set({ is: 'stalled', share: 1 });
  for (const text of ['one ', 'two ', 'three']) socket.write(text);
  const late = await joined();
  late.socket.write('late');
  await sleep(100);
  expect([seen, late.seen]).toEqual([
    { text: '', ended: false },
    { text: '', ended: false },
  ]);
  proxy.set({ is: 'fair' });
  await expect.poll(() => seen.text).toBe('one two three');
  await expect.poll(() => late.seen.text).toBe('late');
});

test('what is torn ends, and nothing can be made until it is fair', async () => {
  const before = await joined();
  proxy.set({ is: 'torn', share: 1 });
  await expect.poll(() => before.seen.ended).toBe(true);
  const during = await joined();
  await expect.poll(() => during.seen.ended).toBe(true);
  proxy.set({ is: 'fair' });
  const after = await joined();
  after.socket.write('again');
  await expect.poll(() => after.seen.text).toBe('again');
});

test('half of the weather leaves others in peace', async () => {
  const all = await Promise.all(Array.from({ length: 40 }, joined));
  for (const { socket } of all) socket.write('made ');
  await expect.poll(() => all.every(({ seen }) => seen.text === 'made ')).toBe(true);
  proxy.set({ is: 'torn', share: 0.5 });
  await expect.poll(() => all.filter(({ seen }) => seen.ended).length).toBeGreaterThan(5);
  for (const { socket, seen } of all) if (!seen.ended) socket.write('here');
  await expect.poll(() => all.filter(({ seen }) => seen.text === 'made here').length).toBeGreaterThan(5);
});

test('a slow network takes its time and loses nothing', async () => {
  const { socket, seen } = await joined();
  proxy.set({ is: 'slow', latencyMs: 40 });
  const beganMs = performance.now();
  socket.write('there and back');
  await expect.poll(() => seen.text, { interval: 1 }).toBe('there and back');
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(40);
});
