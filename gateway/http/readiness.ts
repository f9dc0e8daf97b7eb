import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Answer } from '../sockets/exchange.ts';

/** A balancer asks each few seconds; a flood of requests then costs the store and NATS one a second. */
const keptMs = 1_000;

/**
 * `/livez` and `/readyz` for the public. A reason names hosts and files, so the log alone has it, and the
 * health port.
 */
export class Readiness {
  readonly #options: { readonly ready: () => Promise<void>; readonly clock: Clock; readonly log: Log };
  #last: { readonly atMs: number; readonly ready: Promise<boolean> } | undefined;
  #wasReady = true;

  constructor(options: { readonly ready: () => Promise<void>; readonly clock: Clock; readonly log: Log }) {
    this.#options = options;
  }

  /** Undefined for any other path. */
  async answer(path: string): Promise<Answer | undefined> {
    if (path === '/livez') return plain(200, 'ok\n');
    if (path !== '/readyz') return undefined;
    return (await this.#ready()) ? plain(200, 'ok\n') : plain(503, 'not ready\n');
  }

  #ready(): Promise<boolean> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#last === undefined || nowMs - this.#last.atMs >= keptMs) {
      this.#last = { atMs: nowMs, ready: this.#ask() };
    }
    return this.#last.ready;
  }

  async #ask(): Promise<boolean> {
    const { ready, log } = this.#options;
    try {
      await ready();
      if (!this.#wasReady) log.info('ready again');
      this.#wasReady = true;
    } catch (failure) {
      if (this.#wasReady) log.warn({ reason: reasonOf(failure) }, 'not ready');
      this.#wasReady = false;
    }
    return this.#wasReady;
  }
}

function plain(status: number, body: string): Answer {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  return { status, headers, body };
}
