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

/** A conversation's row, and the record of the log up to which its state is folded. */
export interface RowPosition {
  readonly name: string;
  readonly sequence: number;
}

/** A server that has just come back may not know of the newest records, so it is asked this often. */
const triesMax = 4;
const askAgainMs = 1_000;
/**
 * Conversations whose rows may reach beyond the log, in this host's life. A hand edit or a partial restore
 * spoils a few; an older log under a newer history spoils everyone who talked since, so the next one stops
 * the host.
 */
const rowsAheadMax = 3;

/**
 * Where the log ends, as far as this host knows. A state that reaches beyond the end was folded from another
 * log, or from an end that was lost: events that are appended now would count as folded, and be ignored.
 */
export class LogEnd {
  readonly #options: LogEndOptions;
  /** The newest sequence that the log is known to have. */
  #known = 0;
  /** Rows that were found to reach beyond the log. */
  readonly #ahead = new Map<string, number>();

  constructor(options: LogEndOptions) {
    this.#options = options;
  }

  /** Conversations that are set aside because of their rows. */
  get rowsAhead(): number {
    return this.#ahead.size;
  }

  /** The log has a record of this sequence. */
  saw(sequence: number): void {
    if (sequence > this.#known) this.#known = sequence;
  }

  /**
   * Throws when the log does not reach as far as an owner's checkpoint. Waits for as long as the log cannot
   * be asked.
   */
  async reachesCheckpoint(sequence: number, signal: AbortSignal): Promise<void> {
    if (!(await this.#reaches(sequence, signal))) throw this.#olderLog(sequence);
  }

  /**
   * The names of those rows that reach beyond the log. Throws when they are too many for an accident. Waits
   * for as long as the log cannot be asked.
   */
  async rowsBeyond(rows: readonly RowPosition[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    const isNews = ({ name, sequence }: RowPosition) => this.#ahead.get(name) !== sequence;
    const newest = rows.filter(isNews).reduce((most, { sequence }) => Math.max(most, sequence), 0);
    await this.#reaches(newest, signal);
    const beyond = rows.filter(({ sequence }) => sequence > this.#known);
    for (const { name, sequence } of beyond) this.#ahead.set(name, sequence);
    const [first] = beyond;
    if (first !== undefined && this.#ahead.size > rowsAheadMax) throw this.#olderLog(first.sequence);
    return new Set(beyond.map(({ name }) => name));
  }

  async #reaches(sequence: number, signal: AbortSignal): Promise<boolean> {
    for (let tries = 1; sequence > this.#known; tries += 1) {
      this.saw(await this.#ask(signal));
      if (sequence <= this.#known) return true;
      if (tries === triesMax) return false;
      await this.#options.clock.sleep(askAgainMs, signal);
    }
    return true;
  }

  #olderLog(sequence: number): Error {
    return new Error(
      `Cannot go on: the history has what record ${sequence} of the log said, and the log ends at ` +
        `${this.#known}. It is an older log; docs/operations.md says under "Restoring" what to do`,
    );
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
