import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { FrameReader, openRawWebSocket } from './raw-websocket.ts';

const servers: WebSocketServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    for (const client of server.clients) client.terminate();
    server.close();
  }
});

/** A real server that sends every text back. */
async function echoServer(): Promise<number> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  servers.push(server);
  server.on('connection', (socket) => {
    socket.on('message', (bytes: Buffer) => socket.send(bytes.toString()));
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('texts of every length class come back as they were sent, in order', async () => {
  const texts = ['', 'a', 'x'.repeat(125), 'y'.repeat(126), 'é🚀'.repeat(500), 'z'.repeat(65_535)];
  const got: string[] = [];
  const all = Promise.withResolvers<void>();
  const socket = await openRawWebSocket({
    port: await echoServer(),
    protocol: 'rapport.v1.json',
    onText: (text) => {
      if (got.push(text) === texts.length) all.resolve();
    },
    onClose: () => undefined,
  });
  for (const text of texts) socket.send(text);
  socket.flush();
  await all.promise;
  expect(got).toEqual(texts);
  socket.close();
});

test('a server that does not upgrade is an error, and so is nobody listening', async () => {
  const port = await echoServer();
  const options = {
    protocol: 'rapport.v1.json\r\nSec-WebSocket-Version: 1',
    onText: () => {},
    onClose: () => {},
  };
  await expect(openRawWebSocket({ ...options, port })).rejects.toThrow('Cannot upgrade');
  await expect(openRawWebSocket({ ...options, port: 1 })).rejects.toThrow('ECONNREFUSED');
});

test('a ping is answered with what it carried', async () => {
  const port = await echoServer();
  const ponged = Promise.withResolvers<string>();
  servers[0]?.on('connection', (client) => {
    client.on('pong', (payload) => ponged.resolve(payload.toString()));
    client.ping('still there?');
  });
  const socket = await openRawWebSocket({
    port,
    protocol: 'rapport.v1.json',
    onText: () => undefined,
    onClose: () => undefined,
  });
  expect(await ponged.promise).toBe('still there?');
  socket.close();
});

test('FrameReader finds the same frames wherever the stream is cut', () => {
  for (const size of [1, 2, 3, 7, 1_000, 4_096, 100_000]) {
    const texts = ['one', 't'.repeat(200), 'b'.repeat(size < 1_000 ? 300 : 70_000), 'end'];
    const stream = Buffer.concat(texts.map(serverFrame));
    const got: string[] = [];
    const reader = new FrameReader({ onText: (text) => void got.push(text) });
    for (let at = 0; at < stream.length; at += size) reader.take(stream.subarray(at, at + size));
    expect(got).toEqual(texts);
  }
});

test('FrameReader passes over a ping', () => {
  const got: string[] = [];
  new FrameReader({ onText: (text) => void got.push(text) }).take(
    Buffer.concat([Buffer.from([0x89, 0]), serverFrame('a')]),
  );
  expect(got).toEqual(['a']);
});

function serverFrame(text: string): Buffer {
  const { length } = text;
  if (length < 126) return Buffer.concat([Buffer.from([0x81, length]), Buffer.from(text)]);
  const header = Buffer.alloc(length < 65_536 ? 4 : 10);
  header[0] = 0x81;
  header[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, Buffer.from(text)]);
}
