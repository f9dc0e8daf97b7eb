import type { ConversationKey } from '@rapport/proto/identity.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { Fault } from '@rapport/runtime/fault.ts';

/** Reads of the store at once: after a restart everybody comes back at the same time. */
const readsMax = 32;
/**
 * SQLite is read on this thread. Reads that took so long in one round of the event loop let frames
 * and deliveries go first. Without this bound a thousand catch-ups would be one round.
 */
const roundMsMax = 10;

/** A read in the queue. */
interface Waiting {
  readonly isWanted: () => boolean;
  readonly start: () => Promise<void>;
  readonly leave: (failure?: Fault) => void;
}

/** The reads of one creator's people, by userId. The next person stands first. */
interface Creator {
  readonly creatorId: string;
  readonly people: Map<string, Waiting[]>;
  waiting: number;
}

/**
 * Reads that wait for the store, bounded and in fair order: one of each creator after the other, and within a
 * creator one of each person, so that many reads of one person do not stand before the first of another.
 */
export class ReadQueue {
  readonly #limits: Limits;
  readonly #clock: Clock;
  /** The next creator stands first. */
  readonly #creators = new Map<string, Creator>();
  #waiting = 0;
  #running = 0;
  /** Spent on starting reads in this round of the event loop. */
  #roundMs = 0;

  constructor({ limits, clock }: { readonly limits: Limits; readonly clock: Clock }) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /**
   * Gives what `read` found; undefined when it was not wanted any more as its time came. Throws Fault
   * `history_unavailable` when too many reads wait.
   */
  run<T>(key: ConversationKey, isWanted: () => boolean, read: () => Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#add(key, {
        isWanted,
        start: () => read().then(resolve, reject),
        leave: (failure) => (failure === undefined ? resolve(undefined) : reject(failure)),
      });
      this.#pump();
    });
  }

  #add({ creatorId, userId }: ConversationKey, read: Waiting): void {
    const creator = this.#creators.get(creatorId) ?? { creatorId, people: new Map(), waiting: 0 };
    const reads = creator.people.get(userId) ?? [];
    const { readsWaitingMax, readsWaitingPerPersonMax } = this.#limits;
    if (reads.length >= readsWaitingPerPersonMax) {
      read.leave(tooMany(`${reads.length} reads of this person wait already`));
      return;
    }
    if (this.#waiting >= readsWaitingMax && !this.#makeRoom(creator)) {
      read.leave(tooMany(`${this.#waiting} reads wait already`));
      return;
    }
    reads.push(read);
    creator.people.set(userId, reads);
    creator.waiting += 1;
    this.#waiting += 1;
    this.#creators.set(creatorId, creator);
  }

  /** The creator with the most reads gives its newest up, unless `asking` has as many. */
  #makeRoom(asking: Creator): boolean {
    let most = asking;
    for (const creator of this.#creators.values()) if (creator.waiting > most.waiting) most = creator;
    if (most === asking) return false;
    const [userId, reads] = [...most.people].at(-1) ?? [];
    const read = reads?.pop();
    if (userId === undefined || reads === undefined || read === undefined) return false;
    if (reads.length === 0) most.people.delete(userId);
    most.waiting -= 1;
    this.#waiting -= 1;
    read.leave(tooMany(`${this.#waiting} reads wait already`));
    return true;
  }

  #pump(): void {
    while (this.#running < readsMax && this.#roundMs < roundMsMax) {
      const read = this.#next();
      if (read === undefined) return;
      if (read.isWanted()) this.#start(read);
      else read.leave();
    }
  }

  #start(read: Waiting): void {
    this.#running += 1;
    const beganMs = this.#clock.monotonicMs();
    const done = read.start();
    const tookMs = this.#clock.monotonicMs() - beganMs;
    if (this.#roundMs === 0 && tookMs > 0) setImmediate(() => this.#newRound());
    this.#roundMs += tookMs;
    void done.then(() => this.#ended()); // start() has passed its failure on.
  }

  #newRound(): void {
    this.#roundMs = 0;
    this.#pump();
  }

  #ended(): void {
    this.#running -= 1;
    this.#pump();
  }

  /** Takes out the next read. Its creator and its person go to the end of their rows. */
  #next(): Waiting | undefined {
    for (const creator of this.#creators.values()) {
      this.#creators.delete(creator.creatorId);
      const read = nextOf(creator);
      if (creator.waiting > 0) this.#creators.set(creator.creatorId, creator);
      this.#waiting -= 1;
      return read;
    }
    return undefined;
  }
}

function nextOf(creator: Creator): Waiting | undefined {
  for (const [userId, reads] of creator.people) {
    creator.people.delete(userId);
    const read = reads.shift();
    if (reads.length > 0) creator.people.set(userId, reads);
    creator.waiting -= 1;
    return read;
  }
  return undefined;
}

function tooMany(what: string): Fault {
  return new Fault('history_unavailable', `Cannot read the history: ${what}`);
}
