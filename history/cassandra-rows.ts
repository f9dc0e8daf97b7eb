import type { ConversationKey } from '@rapport/proto/identity.ts';
import { Slots } from '@rapport/runtime/slots.ts';
import type { Client, types } from 'cassandra-driver';
import { allSettled } from './all-settled.ts';
import { bucketMessages } from './cassandra-schema.ts';
import type { ConversationWrite, StoredConversation, StoredMessage } from './history.ts';

/** Statements under way at once: enough to keep several servers busy, far below a connection's limit. */
const statementsMax = 256;
/** Bytes of one batch. Cassandra refuses more than half a segment of its commit log, 16 MiB. */
const batchMessagesMax = 100;
const batchCharsMax = 256 * 1_024;

interface Statement {
  readonly query: string;
  readonly params: readonly unknown[];
}

/** Reads and writes the two tables, with a bounded number of statements at once. */
export class CassandraRows {
  readonly #client: Client;
  readonly #slots = new Slots(statementsMax);
  readonly #cql: ReturnType<typeof cqlOf>;

  constructor(client: Client, keyspace: string) {
    this.#client = client;
    this.#cql = cqlOf(keyspace);
  }

  async conversation(key: ConversationKey): Promise<StoredConversation | undefined> {
    const [row] = await this.#select(this.#cql.conversation, [key.creatorId, key.userId]);
    return row === undefined ? undefined : decodeConversation(row);
  }

  async topSeq(key: ConversationKey): Promise<number | undefined> {
    const [row] = await this.#select(this.#cql.topSeq, [key.creatorId, key.userId]);
    return row === undefined ? undefined : Number(row.get('top_seq'));
  }

  /** The messages from seq `first` to `last`, both included, in order. They must be there. */
  async messages(
    key: ConversationKey,
    { first, last }: { readonly first: number; readonly last: number },
  ): Promise<readonly StoredMessage[]> {
    const buckets = await allSettled(
      bucketsOf(first, last).map((bucket) =>
        this.#select(this.#cql.messages, [key.creatorId, key.userId, bucket, BigInt(first), BigInt(last)]),
      ),
    );
    return buckets.flat().map(decodeMessage);
  }

  /**
   * Writes the messages first and the row last, so that every message that the row counts is there. No
   * statement begins once the signal has aborted.
   */
  async write(write: ConversationWrite, signal: AbortSignal): Promise<void> {
    const { creatorId, userId, inSeq, epoch, topSeq, state } = write;
    const put = (batch: readonly Statement[]) =>
      this.#slots.run(async () => {
        signal.throwIfAborted();
        await this.#client.batch([...batch], { logged: false, timestamp: timestampOf(inSeq) });
      });
    await allSettled(batchesOf(write, this.#cql.putMessage).map(put));
    const fold = { epoch: BigInt(epoch), in_seq: BigInt(inSeq), top_seq: BigInt(topSeq), state };
    await put([{ query: this.#cql.putConversation, params: [creatorId, userId, fold] }]);
  }

  async #select(query: string, params: readonly unknown[]): Promise<readonly types.Row[]> {
    return (await this.#slots.run(() => this.#client.execute(query, params))).rows;
  }
}

function cqlOf(keyspace: string) {
  const conversation = 'WHERE creator_id = ? AND user_id = ?';
  return {
    conversation: `SELECT fold FROM ${keyspace}.conversations ${conversation}`,
    topSeq: `SELECT fold.top_seq AS top_seq FROM ${keyspace}.conversations ${conversation}`,
    messages: `SELECT body FROM ${keyspace}.messages ${conversation} AND bucket = ?
      AND seq >= ? AND seq <= ? ORDER BY seq ASC`,
    putConversation: `INSERT INTO ${keyspace}.conversations (creator_id, user_id, fold)
      VALUES (?, ?, ?)`,
    putMessage: `INSERT INTO ${keyspace}.messages (creator_id, user_id, bucket, seq, body)
      VALUES (?, ?, ?, ?, ?)`,
  } as const;
}

/**
 * Positions of the log order the writes of a conversation, so that a write of an earlier owner never wins.
 * They grow about twice as fast as microseconds since 1970 (stream/inbox-stream.ts); less 2^51 they stay in
 * the past until 2038, because ScyllaDB refuses a timestamp that is days ahead of its clock.
 */
function timestampOf(inSeq: number): number {
  return inSeq - 2 ** 51;
}

function bucketOf(seq: number): number {
  return Math.floor(seq / bucketMessages);
}

function bucketsOf(first: number, last: number): readonly number[] {
  if (first > last) return [];
  return Array.from({ length: bucketOf(last) - bucketOf(first) + 1 }, (_, at) => bucketOf(first) + at);
}

/** A batch holds messages of one bucket, which is one partition of the table: Cassandra writes it as one. */
function batchesOf(write: ConversationWrite, query: string): readonly (readonly Statement[])[] {
  const { creatorId, userId } = write;
  const batches: Statement[][] = [];
  let current: Statement[] = [];
  let chars = 0;
  let currentBucket = -1;
  for (const { seq, json } of write.messages) {
    const bucket = bucketOf(seq);
    const isFull = current.length === batchMessagesMax || chars + json.length > batchCharsMax;
    if (isFull || bucket !== currentBucket) {
      current = [];
      chars = 0;
      batches.push(current);
    }
    currentBucket = bucket;
    chars += json.length;
    current.push({ query, params: [creatorId, userId, bucket, BigInt(seq), json] });
  }
  return batches;
}

function decodeConversation(row: types.Row): StoredConversation {
  const { epoch, in_seq, top_seq, state } = row.get('fold') as Record<string, unknown>;
  return { state: String(state), inSeq: Number(in_seq), epoch: Number(epoch), topSeq: Number(top_seq) };
}

function decodeMessage(row: types.Row): StoredMessage {
  return JSON.parse(String(row.get('body'))) as StoredMessage;
}
