import { connect, type Socket } from 'node:net';
import { upgradeRequest } from './upgrade-request.ts';

/** The cheapest WebSocket client: no extensions, text frames only, several frames in one write. */
export interface RawWebSocket {
  /** Keeps the text until all received frames are handled or `flush` is called: one write takes all texts. */
  send(text: string): void;
  flush(): void;
  close(): void;
}

export interface RawWebSocketOptions {
  readonly port: number;
  readonly protocol: string;
  /** The local address to connect from. Without it the system chooses. */
  readonly localAddress?: string;
  readonly onText: (text: string) => void;
  /** Called once with a sentence, also after `close`. */
  readonly onClose: (reason: string) => void;
}

/** All sockets share one buffer: they are read one after the other, and each chunk is consumed at once. */
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);
/** A mask of zeros: the server's XOR leaves the text unchanged, and masking costs the client nothing. */
const maskBytes = 4;

export function openRawWebSocket(options: RawWebSocketOptions): Promise<RawWebSocket> {
  return new Promise((resolve, reject) => {
    const frames = new FrameReader({
      onText: options.onText,
      onPing: (payload) => void outgoing.push(encodePong(payload)),
      onEnd: () => void socket.destroy(),
    });
    let open = false;
    let outgoing: Buffer[] = [];
    const flush = () => {
      if (outgoing.length === 0) return;
      socket.write(outgoing.length === 1 ? (outgoing[0] ?? '') : Buffer.concat(outgoing));
      outgoing = [];
    };
    const webSocket: RawWebSocket = {
      send: (text) => void outgoing.push(encodeText(text)),
      flush,
      close: () => socket.destroy(),
    };
    const take = (chunk: Buffer) => {
      const rest = open ? chunk : afterUpgrade(chunk);
      if (rest === undefined) {
        reject(
          new Error(`Cannot upgrade: the server answered ${chunk.toString('latin1').split('\r\n', 1)[0]}`),
        );
        return;
      }
      if (!open) resolve(webSocket);
      open = true;
      frames.take(rest);
      flush();
    };
    const socket = connectReading(options, take);
    socket.once('connect', () => socket.write(upgradeRequest(options)));
    socket.once('error', reject);
    socket.once('close', () => options.onClose('the connection ended'));
  });
}

function connectReading({ port, localAddress }: RawWebSocketOptions, take: (chunk: Buffer) => void): Socket {
  return connect({
    host: '127.0.0.1',
    port,
    ...(localAddress && { localAddress }),
    noDelay: true,
    onread: {
      buffer: readBuffer,
      callback: (length) => {
        take(readBuffer.subarray(0, length));
        return true;
      },
    },
  });
}

/** The bytes behind the server's answer, which fits into one segment; undefined when it is no upgrade. */
function afterUpgrade(chunk: Buffer): Buffer | undefined {
  const end = chunk.indexOf('\r\n\r\n');
  if (end === -1 || !chunk.toString('latin1', 0, end).startsWith('HTTP/1.1 101')) return undefined;
  return chunk.subarray(end + 4);
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  if (bytes > 0xffff)
    throw new Error(`Cannot send a frame of ${bytes} bytes: this client sends at most 65535`);
  const headerBytes = (bytes < 126 ? 2 : 4) + maskBytes;
  const frame = Buffer.alloc(headerBytes + bytes);
  frame[0] = 0x81;
  frame[1] = 0x80 | Math.min(bytes, 126);
  if (bytes >= 126) frame.writeUInt16BE(bytes, 2);
  frame.write(text, headerBytes);
  return frame;
}

/** A control frame carries 125 bytes at most. */
function encodePong(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x8a, 0x80 | payload.byteLength]), Buffer.alloc(maskBytes), payload]);
}

export interface FrameReaderOptions {
  readonly onText: (text: string) => void;
  readonly onPing?: (payload: Buffer) => void;
  /** Called at the server's close frame. */
  readonly onEnd?: () => void;
}

/** Cuts a stream of bytes into the frames of a server: unmasked, not fragmented (RFC 6455, section 5.2). */
export class FrameReader {
  readonly #options: FrameReaderOptions;
  #partial: Buffer | undefined;

  constructor(options: FrameReaderOptions) {
    this.#options = options;
  }

  take(chunk: Buffer): void {
    const bytes = this.#partial === undefined ? chunk : Buffer.concat([this.#partial, chunk]);
    let at = 0;
    for (;;) {
      const frame = frameAt(bytes, at);
      if (frame === undefined) break;
      const { onText, onPing, onEnd } = this.#options;
      if (bytes[at] === 0x81) onText(bytes.toString('utf8', frame.from, frame.to));
      else if (bytes[at] === 0x89) onPing?.(bytes.subarray(frame.from, frame.to));
      else if (bytes[at] === 0x88) onEnd?.();
      at = frame.to;
    }
    this.#partial = at === bytes.length ? undefined : Buffer.from(bytes.subarray(at));
  }
}

/** The range of the payload of the frame at `at`; undefined while the frame is incomplete. */
function frameAt(bytes: Buffer, at: number): { readonly from: number; readonly to: number } | undefined {
  if (bytes.length < at + 2) return undefined;
  const short = (bytes[at + 1] ?? 0) & 0x7f;
  const from = at + (short < 126 ? 2 : short === 126 ? 4 : 10);
  if (bytes.length < from) return undefined;
  const length =
    short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  const to = from + length;
  return bytes.length < to ? undefined : { from, to };
}
