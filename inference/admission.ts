import type { ConversationKey } from '@rapport/proto/identity.ts';
import { conversationName } from '@rapport/proto/identity.ts';
import { Fault } from '@rapport/runtime/fault.ts';

export interface AdmissionLimits {
  /** Turns that run at once. */
  readonly slotsMax: number;
  /** Turns of one creator that run at once. */
  readonly slotsPerCreatorMax: number;
  /** Turns of one conversation that run at once. */
  readonly slotsPerConversationMax: number;
  /** Turns that wait, of all creators. */
  readonly waitingMax: number;
  /** Turns that wait, of one creator: fewer than all, so that one creator's crowd leaves room for others. */
  readonly waitingPerCreatorMax: number;
}

interface Waiter {
  readonly conversation: string;
  readonly admit: () => void;
}

/**
 * Admits turns to the model. Free slots go round between the creators that wait, one turn each, and within
 * one creator by arrival: a creator with five hundred waiting turns delays another's by one turn, not by five
 * hundred.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  #running = 0;
  #waiting = 0;
  readonly #runningOf = new Map<string, number>();
  /** Waiters by creator; the order of the keys is the order of the round. */
  readonly #queues = new Map<string, Waiter[]>();

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Resolves with the function that gives the slot back, once there is one. Throws Fault `model_busy` at once
   * when too many wait already, and the signal's reason when it aborts first.
   */
  async enter(key: ConversationKey, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const queue = this.#queues.get(key.creatorId) ?? [];
    const conversation = conversationName(key);
    await new Promise<void>((resolve, reject) => {
      const waiter = { conversation, admit: resolve };
      this.#queues.set(key.creatorId, queue);
      queue.push(waiter);
      this.#waiting += 1;
      this.#admitNext();
      if (!queue.includes(waiter)) return;
      const refusal = this.#refusal(key.creatorId, queue.length);
      if (refusal !== undefined) {
        this.#remove(key.creatorId, waiter);
        reject(refusal);
        return;
      }
      const onAbort = () => {
        if (this.#remove(key.creatorId, waiter)) reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
    return this.#leaveOnce(key.creatorId, conversation);
  }

  #refusal(creatorId: string, queued: number): Fault | undefined {
    const { waitingMax, waitingPerCreatorMax } = this.#limits;
    if (queued > waitingPerCreatorMax) {
      const sentence = `Cannot queue a turn of ${creatorId}: waitingPerCreatorMax is ${waitingPerCreatorMax}`;
      return new Fault('model_busy', sentence);
    }
    if (this.#waiting <= waitingMax) return undefined;
    return new Fault('model_busy', `Cannot queue a turn of ${creatorId}: waitingMax is ${waitingMax}`);
  }

  #leaveOnce(creatorId: string, conversation: string): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#running -= 1;
      this.#count(creatorId, -1);
      this.#count(conversation, -1);
      this.#admitNext();
    };
  }

  /** Gives every free slot to the next in the round that may run. */
  #admitNext(): void {
    let passed = 0;
    while (this.#running < this.#limits.slotsMax && passed < this.#queues.size) {
      const [creatorId, queue] = this.#queues.entries().next().value ?? ['', []];
      const waiter = this.#mayRun(creatorId, queue);
      this.#queues.delete(creatorId); // To the end of the round.
      this.#queues.set(creatorId, queue);
      if (waiter === undefined) {
        passed += 1;
        continue;
      }
      passed = 0;
      this.#remove(creatorId, waiter);
      this.#running += 1;
      this.#count(creatorId, 1);
      this.#count(waiter.conversation, 1);
      waiter.admit();
    }
  }

  #mayRun(creatorId: string, queue: readonly Waiter[]): Waiter | undefined {
    const { slotsPerCreatorMax, slotsPerConversationMax } = this.#limits;
    if (this.#countOf(creatorId) >= slotsPerCreatorMax) return undefined;
    return queue.find(({ conversation }) => this.#countOf(conversation) < slotsPerConversationMax);
  }

  #remove(creatorId: string, waiter: Waiter): boolean {
    const queue = this.#queues.get(creatorId) ?? [];
    const at = queue.indexOf(waiter);
    if (at < 0) return false;
    queue.splice(at, 1);
    this.#waiting -= 1;
    if (queue.length === 0) this.#queues.delete(creatorId);
    return true;
  }

  /** Names of creators and of conversations share one map: only the latter hold a slash. */
  #countOf(name: string): number {
    return this.#runningOf.get(name) ?? 0;
  }

  #count(name: string, by: 1 | -1): void {
    const count = this.#countOf(name) + by;
    if (count === 0) this.#runningOf.delete(name);
    else this.#runningOf.set(name, count);
  }
}
