import { openVisitorTokens } from '../visitor-tokens.ts';
import { StormSocket } from './storm-socket.ts';

/** Some of the people of a storm; each process has those from `first` on. */
export interface StormJob {
  readonly port: number;
  /**
   * Where this process connects from: an address has 28,000 ports, and the system searches long for one
   * where many are in use or just were.
   */
  readonly localAddress: string;
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

const connectAtOnceMax = 100;

/** People who are connected, are cut off, and come back. */
export class StormCrowd {
  readonly #sockets: StormSocket[] = [];
  /** Of each socket, when it had everything for the last time. Wall time: it is compared across processes. */
  readonly #thereAtMs = new Map<StormSocket, number>();
  #troubles: Record<string, number> = {};

  async gather(job: StormJob): Promise<number> {
    const tokenOf = await openVisitorTokens(job.dataDir, job.creatorId);
    for (let at = 0; at < job.count; at += connectAtOnceMax) {
      const some = Array.from(
        { length: Math.min(connectAtOnceMax, job.count - at) },
        (_, index) => at + index,
      );
      const tokens = await Promise.all(some.map((index) => tokenOf(nameOf(job.first + index))));
      const sockets = tokens.map((token) => this.#socket(job, token));
      for (const socket of sockets) socket.connect();
      await until(() => sockets.every(({ isThere }) => isThere));
    }
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

  #socket({ port, localAddress }: StormJob, token: string): StormSocket {
    const socket = new StormSocket({
      port,
      localAddress,
      token,
      onThere: (there) => void this.#thereAtMs.set(there, Date.now()),
      onTrouble: (sentence) => {
        this.#troubles[sentence] = (this.#troubles[sentence] ?? 0) + 1;
      },
    });
    this.#sockets.push(socket);
    return socket;
  }
}

function nameOf(number: number): string {
  return `person-${number}`;
}

async function until(reached: () => boolean, withinMs = Number.POSITIVE_INFINITY): Promise<void> {
  const untilMs = performance.now() + withinMs;
  while (!reached() && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 100));
}
