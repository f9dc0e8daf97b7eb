import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setPriority } from 'node:os';
import { upToBinary } from '@rapport/proto/wire.ts';
import { upgradeRequest } from '../upgrade-request.ts';

/** What a flooder is told, as JSON in its first argument. */
export interface FloodOrder {
  readonly port: number;
  readonly frames: FloodFrames;
  readonly sockets: number;
  /** Empty: the sockets say no hello. */
  readonly token: string;
}

/** `nested`, `unknown`: frames of 64 KB that are dear to read; `pages`: the dearest answer. */
export type FloodFrames = 'nested' | 'unknown' | 'pages';

export interface FloodReport {
  readonly sentBytes: number;
  /** Connections that the server ended; each was opened again. */
  readonly ended: number;
}

const protocols = {
  nested: 'rapport.v1.json',
  unknown: 'rapport.v1.proto',
  pages: 'rapport.v1.json',
} as const;
/** Frames in one write. */
const framesPerWrite = 16;
/** A socket that was ended comes back at once, but a flood must not become one of connections alone. */
const againAfterMs = 20;
const report = { sentBytes: 0, ended: 0 };

if (import.meta.main) flood(JSON.parse(process.argv[2] ?? ''));

/** A process that sends as fast as its sockets take it, and tells its parent twice a second how much. */
function flood(order: FloodOrder): void {
  // On a small machine the flood itself must not take the processor from those who are to stand it.
  setPriority(19);
  const bytes = Buffer.concat(Array.from({ length: framesPerWrite }, () => frameOf(order.frames)));
  for (let at = 0; at < order.sockets; at += 1) attack(order, bytes);
  setInterval(() => process.send?.(report), 500);
}

function attack(order: FloodOrder, bytes: Buffer): void {
  const socket = connect(order.port, '127.0.0.1', () =>
    socket.write(upgradeRequest({ port: order.port, protocol: protocols[order.frames] })),
  );
  socket.on('error', () => undefined); // A close event follows.
  socket.on('close', () => {
    report.ended += 1;
    setTimeout(() => attack(order, bytes), againAfterMs);
  });
  socket.once('data', () => {
    if (order.token === '') pour(socket, bytes);
    else {
      socket.write(helloOf(order));
      socket.once('data', () => pour(socket, bytes));
    }
  });
}

function pour(socket: Socket, bytes: Buffer): void {
  const more = () => {
    do report.sentBytes += bytes.length;
    while (socket.write(bytes));
  };
  socket.on('drain', more);
  socket.resume();
  more();
}

function helloOf({ token, frames }: FloodOrder): Buffer {
  const hello = { hello: { token, deviceId: randomUUID(), tail: 1 } };
  return frames === 'unknown'
    ? masked(0x82, upToBinary(hello))
    : masked(0x81, Buffer.from(JSON.stringify(hello)));
}

function frameOf(frames: FloodFrames): Buffer {
  switch (frames) {
    case 'nested': {
      const depth = 10_000;
      const text = `{"typing":{"on":true,"x":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}}`;
      return masked(0x81, Buffer.from(text));
    }
    case 'unknown': {
      // Field 100 as a number, over and over.
      const unknown = Buffer.concat(Array.from({ length: 20_000 }, () => Buffer.from([0xa0, 0x06, 0x01])));
      return masked(0x82, Buffer.concat([upToBinary({ typing: { on: true } }), unknown]));
    }
    case 'pages':
      return masked(0x81, Buffer.from(JSON.stringify({ page: { afterSeq: 0, limit: 200 } })));
    default:
      return frames satisfies never;
  }
}

/** A mask of zeros leaves the payload as it is. */
function masked(opcode: number, payload: Uint8Array): Buffer {
  const short = payload.length < 126;
  const head = Buffer.alloc(short ? 6 : 8);
  head[0] = opcode;
  head[1] = 0x80 | (short ? payload.length : 126);
  if (!short) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
