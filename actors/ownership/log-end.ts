import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { retryUntil } from '@rapport/runtime/retry.ts';
import type { Inbox } from '@rapport/stream/inbox.ts';

export interface LogEndOptions {
  readonly inbox: Pick<Inbox, 'lastSequence'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A server that has just come back may not have heard of the newest records; so often it is asked again. */
const triesMax = 4;
const askAgainMs = 1_000;

/**
 * Where the log ends, as far as this host knows. A state that reaches beyond was folded from another log, or
 * from an end that was lost: what is appended now would be taken for what was folded long ago, and ignored.
 */
export class LogEnd {
  readonly #options: LogEndOptions;
  #known = 0;

  constructor(options: LogEndOptions) {
    this.#options = options;
  }

  /** The log has a record of this sequence. */
  saw(sequence: number): void {
    if (sequence > this.#known) this.#known = sequence;
  }

  /** Throws when the log does not reach that far; waits for it for as long as it can not be asked. */
  async reaches(sequence: number, signal: AbortSignal): Promise<void> {
    for (let tries = 1; sequence > this.#known; tries += 1) {
      this.saw(await this.#ask(signal));
      if (sequence <= this.#known) return;
      if (tries === triesMax) {
        throw new Error(
          `Cannot go on: the history has what record ${sequence} of the log said, and the log ends at ` +
            `${this.#known}. It is an older log; docs/operations.md says under "Restoring" what to do`,
        );
      }
      await this.#options.clock.sleep(askAgainMs, signal);
    }
  }

  #ask(signal: AbortSignal): Promise<number> {
    const { inbox, clock, log } = this.#options;
    return retryUntil(() => inbox.lastSequence(), {
      backoff: { firstMs: 50, mostMs: 1_000 },
      clock,
      signal,
      onFailure: (failure, waitMs) => log.warn({ reason: reasonOf(failure), waitMs }, 'waiting for the log'),
    });
  }
}
