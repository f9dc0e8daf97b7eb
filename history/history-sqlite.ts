import type { ConversationKey } from '@rapport/proto/identity.ts';
import { type Clock, systemClock } from '@rapport/runtime/clock.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type {
  ConversationWrite,
  MessageStore,
  PageRange,
  StoredConversation,
  StoredMessage,
} from './history.ts';
import { historyFault, isBusy } from './sqlite-fault.ts';
import { openSqliteFile, type SqliteFile } from './sqlite-file.ts';

export interface SqliteHistoryOptions {
  readonly path: string;
  readonly log?: Log;
  /** A reader never makes the file. Its calls fail until there is one, and each call looks again. */
  readonly readOnly?: boolean;
  /** Most pages of 4 KiB that the file may have. Left out, the disk is the limit. */
  readonly pagesMax?: number;
  readonly clock?: Clock;
}

/**
 * Messages of one transaction. It holds the event loop for 5 us a message in bursts, and for 12 us where each
 * message is of another person: with this many, shorter than a lease's renewal.
 */
const transactionMessagesMax = 2_048;
/** How long a call waits for another process's lock before it fails, and how often it looks. */
const busyWaitMs = 5_000;
const busyRetryMs = 2;

/**
 * History in one SQLite file, which several processes may open. Throws Fault `history_unavailable` with the
 * reason when a writer cannot open it; a reader opens it at its first call.
 */
export function openSqliteHistory(options: SqliteHistoryOptions): MessageStore {
  const store = new SqliteHistory(options);
  try {
    if (options.readOnly !== true) store.open();
    return store;
  } catch (failure) {
    throw historyFault('open', options.path, failure);
  }
}

interface Waiting {
  readonly writes: readonly ConversationWrite[];
  readonly resolve: () => void;
  readonly reject: (failure: unknown) => void;
}

class SqliteHistory implements MessageStore {
  readonly #options: SqliteHistoryOptions;
  readonly #clock: Clock;
  #file: SqliteFile | undefined;
  /** Commits of this event-loop turn. Bounded by the callers: each partition waits for its own. */
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;

  constructor(options: SqliteHistoryOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  open(): SqliteFile {
    if (this.#closed) throw historyFault('open', this.#options.path, 'it was closed');
    this.#file ??= openSqliteFile(this.#options);
    return this.#file;
  }

  load(keys: readonly ConversationKey[]): Promise<readonly (StoredConversation | undefined)[]> {
    return this.#read((file) => keys.map((key) => file.conversation(key)));
  }

  page(key: ConversationKey, range: PageRange): Promise<readonly StoredMessage[]> {
    return this.#read((file) => file.page(key, range));
  }

  async ping(): Promise<void> {
    await this.#read((file) => file.ping());
  }

  commit(writes: readonly ConversationWrite[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ writes, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async close(): Promise<void> {
    await this.#flushing;
    this.#closed = true;
    this.#file?.close();
    this.#file = undefined;
  }

  async #read<T>(look: (file: SqliteFile) => T): Promise<T> {
    try {
      return await this.#unlessBusy(() => look(this.open()));
    } catch (failure) {
      throw historyFault('read', this.#options.path, failure);
    }
  }

  /**
   * Group commit: all commits of one turn of the event loop share one transaction and one fsync.
   */
  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      await endOfTurn();
      const group = takeGroup(this.#waiting);
      try {
        const writes = group.flatMap((waiting) => waiting.writes);
        await this.#unlessBusy(() => this.open().write(writes));
        for (const waiting of group) waiting.resolve();
      } catch (failure) {
        const fault = historyFault('write', this.#options.path, failure);
        for (const waiting of group) waiting.reject(fault);
      }
    }
    this.#flushing = undefined;
  }

  /** Waits for a lock without SQLite, whose own waiting would stop the event loop. */
  async #unlessBusy<T>(attempt: () => T): Promise<T> {
    const giveUpAtMs = this.#clock.monotonicMs() + busyWaitMs;
    for (;;) {
      try {
        return attempt();
      } catch (failure) {
        if (!isBusy(failure) || this.#clock.monotonicMs() >= giveUpAtMs) throw failure;
      }
      await this.#clock.sleep(busyRetryMs);
    }
  }
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Removes and returns the oldest commits: as many as fit into a transaction, and at least one. */
function takeGroup(waiting: Waiting[]): readonly Waiting[] {
  let messages = 0;
  const end = waiting.findIndex(({ writes }, at) => {
    messages += writes.reduce((sum, write) => sum + write.messages.length, 0);
    return at > 0 && messages > transactionMessagesMax;
  });
  return waiting.splice(0, end === -1 ? waiting.length : end);
}
