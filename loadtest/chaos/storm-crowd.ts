import { Slots } from '@rapport/runtime/slots.ts';
import { openVisitorTokens } from '../bench/visitor-tokens.ts';
import { StormSocket } from './storm-socket.ts';

/** Some of the people of a storm: each process has the people from `first` on. */
export interface StormJob {
  readonly port: number;
  readonly dataDir: string;
  readonly creatorId: string;
  readonly first: number;
  readonly count: number;
}

/** When the connections were cut, and how long to wait until the last is back. */
export interface StormCut {
  readonly cutAtMs: number;
  readonly withinMs: number;
}

export interface StormBack {
  /** Milliseconds from the cut, for each connection that is back. */
  readonly backMs: readonly number[];
  /** The position of each person at the end, from `first` on. */
  readonly topSeqs: readonly number[];
  /** How often each kind of trouble was met. */
  readonly troubles: Readonly<Record<string, number>>;
}

/**
 * How many sockets of this process may be between their first packet and their welcome. Real devices do not
 * wait for each other. On one event loop each of 12,500 would wait for all others, for longer than a gateway
 * waits for a hello.
 */
const openingAtOnceMax = 250;

/** People who are connected, are cut off, and come back. */
export class StormCrowd {
  readonly #sockets: StormSocket[] = [];
  /** When each socket last had everything. In wall time, because it is compared across processes. */
  readonly #thereAtMs = new Map<StormSocket, number>();
  readonly #opening = new Slots(openingAtOnceMax);
  #troubles: Record<string, number> = {};

  async gather(job: StormJob): Promise<number> {
    const tokenOf = await openVisitorTokens(job.dataDir, job.creatorId);
    for (let at = 0; at < job.count; at += 1) {
      const number = job.first + at;
      this.#socket(job, number, await tokenOf(nameOf(number))).connect();
    }
    await until(() => this.#sockets.every(({ isThere }) => isThere));
    this.#troubles = {};
    return this.#sockets.length;
  }

  async back({ cutAtMs, withinMs }: StormCut): Promise<StormBack> {
    const isBack = (socket: StormSocket) => socket.isThere && (this.#thereAtMs.get(socket) ?? 0) > cutAtMs;
    await until(() => this.#sockets.every(isBack), withinMs);
    const backMs = this.#sockets.filter(isBack).map((socket) => (this.#thereAtMs.get(socket) ?? 0) - cutAtMs);
    for (const socket of this.#sockets) socket.leave();
    return { backMs, topSeqs: this.#sockets.map(({ topSeq }) => topSeq), troubles: this.#troubles };
  }

  #socket({ port }: StormJob, number: number, token: string): StormSocket {
    const socket = new StormSocket({
      port,
      localAddress: addressOf(number),
      token,
      opening: this.#opening,
      onThere: (there) => void this.#thereAtMs.set(there, Date.now()),
      onTrouble: (sentence) => {
        this.#troubles[sentence] = (this.#troubles[sentence] ?? 0) + 1;
      },
    });
    this.#sockets.push(socket);
    return socket;
  }
}

/**
 * Gives each person an address of its own, because the system searches long for a free port of an address
 * with many used ports. Linux answers to all of 127.0.0.0/8.
 */
function addressOf(number: number): string {
  return process.platform === 'linux'
    ? `127.${1 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`
    : '127.0.0.1';
}

function nameOf(number: number): string {
  return `person-${number}`;
}

async function until(reached: () => boolean, withinMs = Number.POSITIVE_INFINITY): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!reached() && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 100));
}
