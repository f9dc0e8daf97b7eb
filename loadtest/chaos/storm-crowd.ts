import { Slots } from '@rapport/runtime/slots.ts';
import { openVisitorTokens } from '../bench/visitor-tokens.ts';
import { StormSocket } from './storm-socket.ts';

/** Some of the people of a storm; each process has those from `first` on. */
export interface StormJob {
  readonly port: number;
  readonly dataDir: string;
  readonly creatorId: string;
  readonly first: number;
  readonly count: number;
}

/** When the connections were cut, and how long to wait for the last to come back. */
export interface StormCut {
  readonly cutAtMs: number;
  readonly withinMs: number;
}

export interface StormBack {
  /** For each connection that is back, how long after the cut, in milliseconds. */
  readonly backMs: readonly number[];
  /** The position of each person at the end, from `first` on. */
  readonly topSeqs: readonly number[];
  /** What did not go well, and how often. */
  readonly troubles: Readonly<Record<string, number>>;
}

/**
 * Of this process's people, so many are between their first packet and their welcome. Devices of their own
 * would not wait for each other; on one event loop each of 12,500 would wait for all the others, for longer
 * than the server waits for a hello.
 */
const openingAtOnceMax = 250;

/** People who are connected, are cut off, and come back. */
export class StormCrowd {
  readonly #sockets: StormSocket[] = [];
  /** Of each socket, when it had everything for the last time. Wall time: it is compared across processes. */
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
 * Everybody comes from an address of their own: the system searches long for a port of an address of which
 * many are in use or just were. Linux answers to all of 127.0.0.0/8 without being told to.
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
