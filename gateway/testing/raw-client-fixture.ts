import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { DownJson, UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';

/**
 * A WebSocket client that can stop to read, so that the other side's buffers fill; browsers' clients cannot.
 */
export class RawClient {
  readonly frames: DownJson[] = [];
  readonly closed: Promise<number>;
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  readonly #upgrade = Promise.withResolvers<void>();
  #upgraded = false;
  #closeCode = 1006;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    this.#socket.on('data', (bytes) => this.#take(bytes));
    this.#socket.on('error', () => undefined); // A close event follows.
    this.#socket.write(handshake(hostname));
    this.closed = new Promise((resolve) => this.#socket.on('close', () => resolve(this.#closeCode)));
  }

  /** Waits for the upgrade, because frames that are sent together with it would be lost. */
  async send(up: UpJson): Promise<void> {
    await this.#upgrade.promise;
    const payload = Buffer.from(JSON.stringify(up));
    const head =
      payload.length < 126
        ? Buffer.from([0x81, 0x80 | payload.length])
        : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 255]);
    // A mask of zeros leaves the payload as it is.
    this.#socket.write(Buffer.concat([head, Buffer.alloc(4), payload]));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    if (!this.#upgraded) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#upgraded = true;
      this.#upgrade.resolve();
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    for (let frame = nextFrame(this.#bytes); frame !== undefined; frame = nextFrame(this.#bytes)) {
      this.#bytes = this.#bytes.subarray(frame.length);
      if (frame.opcode === 1) this.frames.push(JSON.parse(frame.payload.toString()));
      if (frame.opcode === 8) this.#closeCode = frame.payload.readUInt16BE(0);
    }
  }
}

function handshake(host: string): string {
  return [
    'GET /v1/ws HTTP/1.1',
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Protocol: rapport.v1.json',
    '\r\n',
  ].join('\r\n');
}

/** The first whole frame of the bytes; a server's frames have no mask. */
function nextFrame(bytes: Buffer) {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1);
  const headLength = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < headLength) return undefined;
  const payloadLength =
    short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const length = headLength + payloadLength;
  if (bytes.length < length) return undefined;
  return { opcode: bytes.readUInt8(0) & 15, length, payload: bytes.subarray(headLength, length) };
}
