import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '@rapport/runtime/fault.ts';
import { type Backoff, backoffMs } from '@rapport/runtime/retry.ts';
import type { Child } from './child.ts';

export interface SupervisedOptions {
  readonly name: string;
  /** Starts the process; `port` is its port before, 0 at first. */
  readonly launch: (port: number) => Promise<Child>;
  /** Called with each sentence that a person should see. */
  readonly tell: (sentence: string) => void;
}

/** The waits before a process that died is started again. */
const backoff: Backoff = { firstMs: 200, mostMs: 5_000 };
/** A process that lived this long has recovered: after it, the waits begin anew. */
const settledMs = 30_000;

/** Keeps one process running from `start` to `stop`, on the port that it had first. */
export class Supervised {
  readonly #options: SupervisedOptions;
  readonly #stopping = new AbortController();
  #up = Promise.withResolvers<Child>();
  #child: Child | undefined;
  #port = 0;
  #restarting = false;
  /** Resolves when the loop that restarts the process has ended. */
  #watching: Promise<unknown> = Promise.resolve();

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  /** The running process; undefined while there is none. */
  get child(): Child | undefined {
    return this.#child;
  }

  /** The port it listens on, also while it is down: it comes back there. 0 before its first start. */
  get port(): number {
    return this.#port;
  }

  /** Resolves with the running process, or with the next one when there is none. */
  up(): Promise<Child> {
    return this.#up.promise;
  }

  /** Throws what `launch` throws, and when it is stopped meanwhile. */
  async start(): Promise<Child> {
    const starting = this.#first();
    this.#watching = starting.then(
      (child) => this.#watch(child),
      () => {}, // The caller gets the failure.
    );
    return await starting;
  }

  /** Ends the process in order and starts it again; resolves when the new one is ready. */
  async restart(): Promise<Child> {
    this.#restarting = true;
    await this.#child?.stop();
    return this.up();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#child?.stop();
    await this.#watching;
  }

  async #first(): Promise<Child> {
    this.#stopping.signal.throwIfAborted();
    const child = await this.#options.launch(0);
    if (this.#stopping.signal.aborted) await child.stop();
    this.#stopping.signal.throwIfAborted();
    this.#arrived(child);
    return child;
  }

  #arrived(child: Child): void {
    this.#child = child;
    this.#port = child.port;
    this.#up.resolve(child);
    void child.ended.then(() => {
      this.#child = undefined;
      this.#up = Promise.withResolvers();
    }); // `ended` never rejects.
  }

  async #watch(first: Child): Promise<void> {
    let child = first;
    let deaths = 0;
    while (!this.#stopping.signal.aborted) {
      const sinceMs = performance.now();
      const how = await child.ended;
      if (this.#stopping.signal.aborted) return;
      deaths = performance.now() - sinceMs > settledMs ? 1 : deaths + 1;
      if (this.#restarting) deaths = 0;
      else this.#options.tell(`${this.#options.name}: ${how}; starting it again.`);
      this.#restarting = false;
      const next = await this.#again(this.#port, deaths);
      if (next === undefined) return;
      child = next;
      this.#arrived(child);
    }
  }

  /** Launches until it works; undefined when told to stop. */
  async #again(port: number, deaths: number): Promise<Child | undefined> {
    for (let tries = deaths; !this.#stopping.signal.aborted; tries += 1) {
      try {
        if (tries > 0) await this.#wait(tries);
        const child = await this.#options.launch(port);
        if (!this.#stopping.signal.aborted) return child;
        await child.stop();
      } catch (failure) {
        if (!this.#stopping.signal.aborted) this.#options.tell(reasonOf(failure));
      }
    }
    return undefined;
  }

  async #wait(tries: number): Promise<void> {
    await sleep(backoffMs(backoff, tries, Math.random()), undefined, { signal: this.#stopping.signal });
  }
}
