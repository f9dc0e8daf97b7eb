import { randomUUID } from 'node:crypto';
import type { DownJson, ReceiptJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { openRawWebSocket, type RawWebSocket } from './raw-websocket.ts';

/** A say that is stored. A talker reports each of its says once, in order. */
export interface Stored {
  readonly clientSeq: number;
  /** When the say should have been sent, and when it was. */
  readonly dueMs: number;
  readonly sentMs: number;
}

export interface TalkerOptions {
  readonly port: number;
  readonly token: string;
  readonly onStored: (stored: Stored, talker: Talker) => void;
  /** Called with a sentence for each broken promise. */
  readonly onWrong: (sentence: string) => void;
}

/**
 * One person with one device and one socket. The talker checks that receipts come in order and once each, and
 * that messages are numbered without a hole.
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
      onText: (text) => this.#take(text),
      onClose: (reason) => this.#options.onWrong(`closed: ${reason}`),
    });
    const welcomed = new Promise<void>((resolve) => {
      this.#onWelcome = resolve;
    });
    this.#socket.send(JSON.stringify({ hello: { token, deviceId: this.#deviceId } }));
    this.#socket.flush();
    await welcomed;
  }

  /** Sends the next say at the next `flush`. */
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

  /** Says that are not stored yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  #take(text: string): void {
    const messageSeq = numberAfter(messageHead, text);
    if (messageSeq > 0) this.#takeMessage(messageSeq);
    else if (text.includes(storedState) && text.startsWith(receiptHead)) {
      this.#takeStored(numberAfter(receiptHead, text));
    } else this.#takeOther(JSON.parse(text) as DownJson); // Decoder: every field that is used is checked.
  }

  #takeOther(frame: DownJson): void {
    if (frame.receipt !== undefined) this.#takeReceipt(frame.receipt);
    else if (frame.message !== undefined) this.#takeMessage(frame.message.seq ?? 0);
    else if (frame.welcome !== undefined) this.#onWelcome();
    else if (frame.fault !== undefined)
      this.#options.onWrong(`fault ${frame.fault.code}: ${frame.fault.reason}`);
    else if (frame.goodbye !== undefined) this.#options.onWrong(`goodbye ${frame.goodbye.code}`);
  }

  #takeReceipt({ state, clientSeq = 0, code }: ReceiptJson): void {
    if (state === 'STORED') this.#takeStored(clientSeq);
    else if (state !== 'ACCEPTED') this.#options.onWrong(`rejected: ${code}`);
  }

  #takeStored(clientSeq: number): void {
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

/**
 * The beginnings of the two most frequent frames, as the gateway writes them. The talker reads their number
 * and does not parse the rest: the client shares the machine with the processes that it measures.
 */
const messageHead = '{"message":{"seq":';
const receiptHead = '{"receipt":{"clientSeq":';
const storedState = '"state":"STORED"';

/** The number behind `head`; 0 when the text begins otherwise. */
function numberAfter(head: string, text: string): number {
  return text.startsWith(head) ? Number.parseInt(text.slice(head.length, head.length + 16), 10) : 0;
}

let ids = 0;
const idHead = timeHead(Date.now());
const idTail = randomUUID().slice(24);

/** A UUIDv7 from the time of the process's start, a counter, and a random tail of the process. */
function nextId(): string {
  ids += 1;
  const count = (0x1000000 | (ids & 0xffffff)).toString(16);
  return `${idHead}-7${count.slice(1, 4)}-8${count.slice(4)}-${idTail}`;
}

function timeHead(ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}`;
}
