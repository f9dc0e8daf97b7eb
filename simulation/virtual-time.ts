import { Chance } from './chance.ts';

/** The process or tab that a task happens to. A stalled process takes the task later, a dead one never. */
export interface Owner {
  take(act: () => void): void;
}

interface Task {
  readonly atMs: number;
  readonly order: number;
  readonly owner: Owner | undefined;
  /** Undefined once the task was cancelled. */
  act: (() => void) | undefined;
}

/** A seed takes some 20,000 tasks. Far beyond that, something schedules its next task for ever. */
const tasksMax = 2_000_000;

/**
 * Time that stands still while anything is left to do, and then jumps to the next task. Each task runs with
 * all promises that it settles before the next one begins, so that the same seed does the same twice. During
 * a run `setImmediate` and `Math.random` belong to it.
 */
export class VirtualTime {
  nowMs = 0;
  /** The owner of the task at work. Its `setImmediate` calls happen to the same owner. */
  #current: Owner | undefined;
  #order = 0;
  #tasks = 0;
  readonly #soon: Task[] = [];
  readonly #later: Task[] = [];
  readonly #chance: Chance;

  constructor(seed: number) {
    this.#chance = new Chance(seed, 'Math.random');
  }

  /** Runs `act` in `ms`; the returned function prevents it. */
  after(ms: number, act: () => void, owner?: Owner): () => void {
    const task: Task = { atMs: this.nowMs + Math.max(0, ms), order: this.#order, owner, act };
    this.#order += 1;
    push(this.#later, task);
    return () => {
      task.act = undefined;
    };
  }

  /** Runs all tasks up to `untilMs`, or until `stop`. Rejects when a task throws. */
  async run(untilMs: number, stop: () => boolean): Promise<void> {
    const real = { setImmediate: globalThis.setImmediate, random: Math.random };
    const soon = (act: (...given: unknown[]) => void, ...given: unknown[]) => this.#afterThis(act, given);
    Object.defineProperty(globalThis, 'setImmediate', { value: soon, configurable: true, writable: true });
    Math.random = () => this.#chance.next();
    try {
      await new Promise<void>((resolve, reject) => this.#step({ untilMs, stop, resolve, reject }));
    } finally {
      this.#current = undefined;
      const value = real.setImmediate;
      Object.defineProperty(globalThis, 'setImmediate', { value, configurable: true, writable: true });
      Math.random = real.random;
    }
  }

  #afterThis(act: (...given: unknown[]) => void, given: readonly unknown[]): void {
    const owner = this.#current;
    this.#soon.push({ atMs: this.nowMs, order: 0, owner, act: () => act(...given) });
  }

  #step(run: {
    readonly untilMs: number;
    readonly stop: () => boolean;
    readonly resolve: () => void;
    readonly reject: (failure: unknown) => void;
  }): void {
    try {
      const task = run.stop() ? undefined : this.#next(run.untilMs);
      if (task === undefined) {
        run.resolve();
        return;
      }
      this.#perform(task);
    } catch (failure) {
      run.reject(failure);
      return;
    }
    // A tick comes after every microtask, and costs far less than a round of the event loop.
    queueMicrotask(() => process.nextTick(() => this.#step(run)));
  }

  #next(untilMs: number): Task | undefined {
    const soon = this.#soon.shift();
    if (soon !== undefined) return soon;
    while ((this.#later[0]?.atMs ?? Number.POSITIVE_INFINITY) <= untilMs) {
      const task = pop(this.#later);
      if (task?.act !== undefined) return task;
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
    return undefined;
  }

  #perform({ atMs, owner, act }: Task): void {
    this.nowMs = Math.max(this.nowMs, atMs);
    this.#tasks += 1;
    if (this.#tasks > tasksMax) throw new Error(`Cannot come to rest within ${tasksMax} tasks`);
    this.#current = owner;
    if (act === undefined) return;
    if (owner === undefined) act();
    else owner.take(act);
  }
}

function before(left: Task, right: Task): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

/** Puts a task into a binary heap, the next task first. */
function push(heap: Task[], task: Task): void {
  let at = heap.length;
  heap.push(task);
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up];
    if (parent === undefined || !before(task, parent)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = task;
}

function pop(heap: Task[]): Task | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
    if (left === undefined) break;
    const smaller = right !== undefined && before(right, left) ? right : left;
    if (!before(smaller, last)) break;
    heap[at] = smaller;
    at = smaller === left ? 2 * at + 1 : 2 * at + 2;
  }
  heap[at] = last;
  return first;
}
