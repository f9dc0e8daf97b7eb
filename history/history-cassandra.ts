import type { ConversationKey } from '@rapport/proto/identity.ts';
import { type Clock, systemClock } from '@rapport/runtime/clock.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { allSettled } from './all-settled.ts';
import { createCassandraClient } from './cassandra-client.ts';
import { cassandraFault } from './cassandra-fault.ts';
import { CassandraRows } from './cassandra-rows.ts';
import { checkSchema, setUpSchema } from './cassandra-schema.ts';
import type { CassandraAddress } from './cassandra-url.ts';
import type {
  ConversationWrite,
  MessageStore,
  PageRange,
  StoredConversation,
  StoredMessage,
} from './history.ts';

export interface CassandraHistoryOptions {
  readonly address: CassandraAddress;
  readonly log?: Log;
  /** A reader makes nothing. Its calls fail until the keyspace is set up, and each call looks again. */
  readonly readOnly?: boolean;
  readonly clock?: Clock;
}

/**
 * History in Cassandra 5 or ScyllaDB. The store begins to connect at once. While no server can be reached,
 * calls throw Fault `history_unavailable`, and the process starts all the same.
 */
export function openCassandraHistory(options: CassandraHistoryOptions): MessageStore {
  const store = new CassandraHistory(options);
  store.ping().catch(() => {}); // The next call throws the reason.
  return store;
}

class CassandraHistory implements MessageStore {
  readonly #options: CassandraHistoryOptions;
  readonly #client: ReturnType<typeof createCassandraClient>;
  readonly #rows: CassandraRows;
  #opening: Promise<void> | undefined;
  #closed = false;

  constructor(options: CassandraHistoryOptions) {
    this.#options = options;
    this.#client = createCassandraClient(options.address, options.log);
    this.#rows = new CassandraRows(this.#client, options.address.keyspace);
  }

  load(keys: readonly ConversationKey[]): Promise<readonly (StoredConversation | undefined)[]> {
    return this.#try('read', () => allSettled(keys.map((key) => this.#rows.conversation(key))));
  }

  /** Messages above the row's topSeq are not read: a commit that broke off left them there. */
  page(key: ConversationKey, range: PageRange): Promise<readonly StoredMessage[]> {
    return this.#try('read', async () => {
      const topSeq = await this.#rows.topSeq(key);
      return topSeq === undefined ? [] : await this.#rows.messages(key, seqsOf(range, topSeq));
    });
  }

  async ping(): Promise<void> {
    await this.#try('read', () => this.#rows.topSeq({ creatorId: 'nobody', userId: 'nobody' }));
  }

  /** Resolves when every write is on its replicas. Throws once no write is under way any more. */
  commit(writes: readonly ConversationWrite[]): Promise<void> {
    return this.#try('write', async () => {
      if (this.#options.readOnly === true) throw new Error('it may not be written to');
      const failed = new AbortController();
      const ending = writes.map(async (write) => {
        try {
          await this.#rows.write(write, failed.signal);
        } catch (failure) {
          failed.abort(failure); // The others need not begin: the caller will write all of it again.
          throw failure;
        }
      });
      await allSettled(ending);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#opening?.catch(() => {}); // The call that opened it has thrown the reason.
    await this.#client.shutdown();
  }

  async #try<T>(doing: 'read' | 'write', work: () => Promise<T>): Promise<T> {
    const { shown } = this.#options.address;
    try {
      if (this.#closed) throw new Error('it was closed');
      await this.#open();
    } catch (failure) {
      throw cassandraFault('open', shown, failure);
    }
    try {
      return await work();
    } catch (failure) {
      throw cassandraFault(doing, shown, failure);
    }
  }

  /** Connects and looks at the schema once. After a failure the next call does it again. */
  #open(): Promise<void> {
    this.#opening ??= this.#connect().catch((failure) => {
      this.#opening = undefined;
      throw failure;
    });
    return this.#opening;
  }

  async #connect(): Promise<void> {
    const { address, clock = systemClock, log, readOnly = false } = this.#options;
    await this.#client.connect();
    await (readOnly ? checkSchema : setUpSchema)({ client: this.#client, address, clock, log });
  }
}

/** Seqs are dense, so a page's first and last seq are known before it is read. */
function seqsOf(range: PageRange, topSeq: number): { readonly first: number; readonly last: number } {
  if ('afterSeq' in range) {
    return { first: range.afterSeq + 1, last: Math.min(topSeq, range.afterSeq + range.limit) };
  }
  const last = Math.min(topSeq, range.beforeSeq - 1);
  return { first: Math.max(1, last - range.limit + 1), last };
}
