import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type {
  ConversationWrite,
  EncodedMessage,
  PageRange,
  StoredConversation,
  StoredMessage,
} from './history.ts';
import { historyFault, isBusy } from './sqlite-fault.ts';
import { migrate, schemaVersion, versionOf } from './sqlite-schema.ts';

/** An open file with its prepared statements. Calls are synchronous and throw what node:sqlite throws. */
export interface SqliteFile {
  conversation(key: ConversationKey): StoredConversation | undefined;
  page(key: ConversationKey, range: PageRange): StoredMessage[];
  /** One transaction: on disk when it returns, rolled back when it throws. */
  write(writes: readonly ConversationWrite[]): void;
  ping(): void;
  close(): void;
}

/**
 * FULL makes every commit reach the disk. The write-ahead log is folded into the file every 16 MiB: pages
 * that many batches touch are then written once. Waiting for locks is the caller's.
 */
const pragmas = 'PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -65536';

/** Throws Fault `history_unavailable`, or SQLite's own error when another process holds the file. */
export function openSqliteFile(options: {
  readonly path: string;
  readonly log?: Log;
  readonly readOnly?: boolean;
  readonly pagesMax?: number;
}): SqliteFile {
  const { path, readOnly = false } = options;
  if (readOnly && !existsSync(path)) throw historyFault('open', path, 'there is no such file yet');
  let database: DatabaseSync | undefined;
  try {
    if (!readOnly) mkdirSync(dirname(path), { recursive: true });
    database = new DatabaseSync(path, { readOnly, timeout: 0 });
    if (readOnly) checkSchema(database);
    else prepareToWrite(database, options);
    return fileOf(database);
  } catch (failure) {
    database?.close();
    if (isBusy(failure)) throw failure;
    throw historyFault('open', path, failure);
  }
}

function checkSchema(database: DatabaseSync): void {
  const version = versionOf(database);
  if (version === 0) throw new Error('it is not set up yet');
  if (version > schemaVersion)
    throw new Error(`its schema is ${version}, this program knows ${schemaVersion}`);
}

function prepareToWrite(
  database: DatabaseSync,
  options: { readonly path: string; readonly log?: Log; readonly pagesMax?: number },
): void {
  // Opening happens once and before anything runs, so here SQLite itself may wait for other processes.
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL');
  database.exec(pragmas);
  if (options.pagesMax !== undefined) database.exec(`PRAGMA max_page_count = ${options.pagesMax}`);
  const found = versionOf(database);
  migrate(database);
  checkSchema(database);
  if (found !== schemaVersion)
    options.log?.info({ path: options.path, found, schemaVersion }, 'history set up');
  database.exec('PRAGMA busy_timeout = 0');
}

function fileOf(database: DatabaseSync): SqliteFile {
  const select = database.prepare(
    'SELECT state, in_seq, epoch, top_seq FROM conversations WHERE creator_id = ? AND user_id = ?',
  );
  const pageOf = (order: string) =>
    database.prepare(
      `SELECT body FROM messages
       WHERE conversation = (SELECT id FROM conversations WHERE creator_id = ? AND user_id = ?)
         AND seq ${order} LIMIT ?`,
    );
  const after = pageOf('> ? ORDER BY seq');
  const before = pageOf('< ? ORDER BY seq DESC');
  const one = database.prepare('SELECT 1 FROM conversations LIMIT 1');
  return {
    conversation: (key) => decodeConversation(select.get(key.creatorId, key.userId)),
    page: (key, range) =>
      'afterSeq' in range
        ? after.all(key.creatorId, key.userId, range.afterSeq, range.limit).map(decodeMessage)
        : before.all(key.creatorId, key.userId, range.beforeSeq, range.limit).map(decodeMessage).reverse(),
    write: writerOf(database),
    ping: () => void one.get(), // Only whether it throws matters.
    close: () => database.close(),
  };
}

/** Conversations whose row is found without their name; forgetting one costs a look into the index. */
const knownRowsMax = 100_000;

function writerOf(database: DatabaseSync): SqliteFile['write'] {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const rows = new ConversationRows(database);
  const putMessages = messagePutter(database);
  return (writes) => {
    begin.run();
    try {
      for (const write of writes) {
        const row = rows.put(write);
        if (row === undefined) continue; // Stale: a late zombie's messages are skipped with its state.
        putMessages(row, write.messages);
      }
      commit.run();
    } catch (failure) {
      // A full disk or a damaged file ends the transaction by itself.
      if (database.isTransaction) database.exec('ROLLBACK');
      rows.forget(); // A row that the transaction made is not there any more.
      throw failure;
    }
  };
}

/**
 * How many messages of one conversation a statement puts: eight at once take a sixth less time than one by
 * one. Never those of several conversations, because SQLite copies each page that such a statement touches.
 */
const atOnce = [8, 4, 1] as const;

/** Puts messages of a conversation, over those that are there. */
function messagePutter(database: DatabaseSync) {
  const puts = atOnce.map((count) => {
    const rows = Array.from({ length: count }, () => '(?, ?, ?)').join();
    const sql = `INSERT OR REPLACE INTO messages (conversation, seq, body) VALUES ${rows}`;
    return { count, put: database.prepare(sql) };
  });
  return (row: number, messages: readonly EncodedMessage[]): void => {
    let at = 0;
    for (const { count, put } of puts) {
      for (; at + count <= messages.length; at += count) {
        put.run(...messages.slice(at, at + count).flatMap(({ seq, json }) => [row, seq, json]));
      }
    }
  };
}

/**
 * Writes state rows. A conversation's row number is remembered, because finding it by two texts costs as much
 * as storing a message.
 */
class ConversationRows {
  readonly #known = new Map<string, number>();
  readonly #insert: StatementSync;
  readonly #update: StatementSync;

  constructor(database: DatabaseSync) {
    // A stale write changes no row and so returns none.
    this.#insert = database.prepare(
      `INSERT INTO conversations (creator_id, user_id, state, in_seq, epoch, top_seq)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (creator_id, user_id) DO UPDATE SET
         state = excluded.state, in_seq = excluded.in_seq, epoch = excluded.epoch, top_seq = excluded.top_seq
       WHERE excluded.in_seq >= in_seq
       RETURNING id`,
    );
    this.#update = database.prepare(
      `UPDATE conversations SET state = ?, in_seq = ?, epoch = ?, top_seq = ? WHERE id = ? AND in_seq <= ?`,
    );
  }

  /** The row's number; undefined when what is stored is newer. */
  put({ creatorId, userId, state, inSeq, epoch, topSeq }: ConversationWrite): number | undefined {
    const name = conversationName({ creatorId, userId });
    const known = this.#known.get(name);
    if (known !== undefined) {
      return this.#update.run(state, inSeq, epoch, topSeq, known, inSeq).changes === 0 ? undefined : known;
    }
    const row = this.#insert.get(creatorId, userId, state, inSeq, epoch, topSeq);
    if (row === undefined) return undefined;
    if (this.#known.size >= knownRowsMax) this.#known.clear();
    this.#known.set(name, Number(row.id));
    return Number(row.id);
  }

  forget(): void {
    this.#known.clear();
  }
}

type Row = Record<string, SQLOutputValue>;

function decodeConversation(row: Row | undefined): StoredConversation | undefined {
  if (row === undefined) return undefined;
  return {
    state: String(row.state),
    inSeq: Number(row.in_seq),
    epoch: Number(row.epoch),
    topSeq: Number(row.top_seq),
  };
}

function decodeMessage(row: Row): StoredMessage {
  return JSON.parse(String(row.body)) as StoredMessage;
}
