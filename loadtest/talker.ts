import { randomUUID } from 'node:crypto';
import type { DownJson, ReceiptJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { openRawWebSocket, type RawWebSocket } from './raw-websocket.ts';

/** What a talker is told of each of its says, once, in order. */
export interface Stored {
  readonly clientSeq: number;
  /** When it should have been sent, and when it was. */
  readonly dueMs: number;
  readonly sentMs: number;
}

export interface TalkerOptions {
  readonly port: number;
  readonly token: string;
  readonly onStored: (stored: Stored, talker: Talker) => void;
  /** Whatever should not have happened, as a sentence. */
  readonly onWrong: (sentence: string) => void;
}

/**
 * One person with one device and one socket. It checks what it is told: receipts in order and once each,
 * messages numbered without a hole.
 */
export class Talker {
  readonly #options: TalkerOptions;
  readonly #deviceId = randomUUID();
  readonly #waiting: Stored[] = [];
  #socket: RawWebSocket | undefined;
  #lastClientSeq = 0;
  #topSeq = 0;
  #onWelcome: () => void = () => undefined;

  constructor(options: TalkerOptions) {
    this.#options = options;
  }

  /** Resolves at the welcome. */
  async open(): Promise<void> {
    const { port, token } = this.#options;
    this.#socket = await openRawWebSocket({
      port,
      protocol: 'rapport.v1.json',
      onText: (text) => this.#take(JSON.parse(text) as DownJson), // Decoder: #take looks at what it needs.
      onClose: (reason) => this.#options.onWrong(`closed: ${reason}`),
    });
    const welcomed = new Promise<void>((resolve) => {
      this.#onWelcome = resolve;
    });
    this.#socket.send(JSON.stringify({ hello: { token, deviceId: this.#deviceId } }));
    this.#socket.flush();
    await welcomed;
  }

  /** Sends the next say with what else goes out in this turn. */
  say(dueMs: number): void {
    this.#lastClientSeq += 1;
    const clientSeq = this.#lastClientSeq;
    this.#waiting.push({ clientSeq, dueMs, sentMs: performance.now() });
    const text = `How do I keep up a habit, part ${clientSeq}?`;
    this.#socket?.send(`{"say":{"clientSeq":${clientSeq},"id":"${nextId()}","text":"${text}"}}`);
  }

  flush(): void {
    this.#socket?.flush();
  }

  /** How many says are not stored yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  #take(frame: DownJson): void {
    if (frame.receipt !== undefined) this.#takeReceipt(frame.receipt);
    else if (frame.message !== undefined) this.#takeMessage(frame.message.seq ?? 0);
    else if (frame.welcome !== undefined) this.#onWelcome();
    else if (frame.fault !== undefined)
      this.#options.onWrong(`fault ${frame.fault.code}: ${frame.fault.reason}`);
    else if (frame.goodbye !== undefined) this.#options.onWrong(`goodbye ${frame.goodbye.code}`);
  }

  #takeReceipt({ state, clientSeq = 0, code }: ReceiptJson): void {
    if (state === 'ACCEPTED') return;
    if (state !== 'STORED') {
      this.#options.onWrong(`rejected: ${code}`);
      return;
    }
    const [oldest] = this.#waiting;
    if (oldest?.clientSeq !== clientSeq) {
      this.#options.onWrong('a stored receipt out of order or twice');
      return;
    }
    this.#waiting.shift();
    this.#options.onStored(oldest, this);
  }

  #takeMessage(seq: number): void {
    if (seq !== this.#topSeq + 1) this.#options.onWrong('a message out of order, twice or after a hole');
    this.#topSeq = seq;
  }
}

let ids = 0;
const idTail = randomUUID().slice(24);

/** A UUIDv7 of this process: the time, a counter, and the process's own random tail. */
function nextId(): string {
  ids += 1;
  const time = Date.now().toString(16).padStart(12, '0');
  const count = ids.toString(16).padStart(6, '0').slice(-6);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count.slice(0, 3)}-8${count.slice(3)}-${idTail}`;
}
