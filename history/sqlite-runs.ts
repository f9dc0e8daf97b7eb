import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { ConversationKey } from '@rapport/proto/identity.ts';
import type { ConversationWrite, EncodedMessage, PageRange, StoredMessage } from './history.ts';

/**
 * Messages of the longest run: a page reads at most this many too much, and looks this far back for a run.
 */
const runMessagesMax = 32;

/**
 * Messages, a row for each run. A run is `[message,message]`: the messages of one conversation and one
 * commit, found by the last message's seq. A burst of eight costs little more than one message. Runs of a
 * conversation never overlap.
 */
export class Runs {
  readonly #insert;
  readonly #fromSeq;
  readonly #deleteFrom;
  readonly #after;
  readonly #before;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare('INSERT INTO runs (conversation, last_seq, body) VALUES (?, ?, ?)');
    this.#fromSeq = database.prepare(
      'SELECT body FROM runs WHERE conversation = ? AND last_seq >= ? ORDER BY last_seq',
    );
    this.#deleteFrom = database.prepare('DELETE FROM runs WHERE conversation = ? AND last_seq >= ?');
    const page = (order: string) =>
      database.prepare(
        `SELECT body FROM runs
         WHERE conversation = (SELECT id FROM conversations WHERE creator_id = ? AND user_id = ?)
           AND last_seq ${order}`,
      );
    this.#after = page('> ? ORDER BY last_seq');
    this.#before = page('< ? ORDER BY last_seq DESC');
  }

  /** Adds messages that come after all stored ones. */
  append(conversation: number, messages: readonly EncodedMessage[]): void {
    for (let at = 0; at < messages.length; at += runMessagesMax) {
      const run = messages.length <= runMessagesMax ? messages : messages.slice(at, at + runMessagesMax);
      this.#insert.run(conversation, run.at(-1)?.seq ?? 0, `[${run.map(({ json }) => json).join()}]`);
    }
  }

  /** Writes the messages over stored ones of the same seqs, and deletes messages above `topSeq`. */
  replace(conversation: number, write: Pick<ConversationWrite, 'messages' | 'topSeq'>): void {
    const { messages, topSeq } = write;
    const firstSeq = firstSeqOf(write);
    const there = this.#fromSeq.all(conversation, firstSeq).flatMap(messagesOf);
    if (there.length > 0) this.#deleteFrom.run(conversation, firstSeq);
    const lastSeq = messages.at(-1)?.seq ?? topSeq;
    const encoded = there.map((message) => ({ seq: message.seq, json: JSON.stringify(message) }));
    const before = encoded.filter(({ seq }) => seq < firstSeq);
    const behind = encoded.filter(({ seq }) => seq > lastSeq && seq <= topSeq);
    this.append(conversation, [...before, ...messages, ...behind]);
  }

  page(key: ConversationKey, range: PageRange): StoredMessage[] {
    return 'afterSeq' in range
      ? this.#pageAfter(key, range.afterSeq, range.limit)
      : this.#pageBefore(key, range.beforeSeq, range.limit);
  }

  #pageAfter({ creatorId, userId }: ConversationKey, afterSeq: number, limit: number): StoredMessage[] {
    const found: StoredMessage[] = [];
    for (const run of this.#after.iterate(creatorId, userId, afterSeq)) {
      for (const message of messagesOf(run)) if (message.seq > afterSeq) found.push(message);
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  #pageBefore({ creatorId, userId }: ConversationKey, beforeSeq: number, limit: number): StoredMessage[] {
    const found: StoredMessage[] = []; // In reverse order of seq.
    for (const run of this.#before.iterate(creatorId, userId, beforeSeq + runMessagesMax)) {
      for (const message of messagesOf(run).reverse()) if (message.seq < beforeSeq) found.push(message);
      if (found.length >= limit) break;
    }
    return found.slice(0, limit).reverse();
  }
}

/** The first seq of a write's messages; without messages, the seq after its topSeq. */
export function firstSeqOf({ messages, topSeq }: Pick<ConversationWrite, 'messages' | 'topSeq'>): number {
  return messages[0]?.seq ?? topSeq + 1;
}

function messagesOf({ body }: Record<string, SQLOutputValue>): StoredMessage[] {
  return JSON.parse(String(body)) as StoredMessage[]; // Decoder: append() wrote it.
}
