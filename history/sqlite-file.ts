import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { ConversationWrite, PageRange, StoredConversation, StoredMessage } from './history.ts';
import { historyFault, isBusy } from './sqlite-fault.ts';
import { firstSeqOf, Runs } from './sqlite-runs.ts';
import { migrate, schemaVersion, versionOf } from './sqlite-schema.ts';

/** An open file with its prepared statements. Calls are synchronous and throw what node:sqlite throws. */
export interface SqliteFile {
  conversation(key: ConversationKey): StoredConversation | undefined;
  page(key: ConversationKey, range: PageRange): StoredMessage[];
  /** Writes one transaction. It is on disk when this returns, and rolled back when this throws. */
  write(writes: readonly ConversationWrite[]): void;
  ping(): void;
  close(): void;
}

/**
 * FULL makes every commit reach the disk. The write-ahead log is folded into the file every 16 MiB, so that
 * pages which many batches touch are written once. The cache holds a large transaction and no more: SQLite
 * looks through all of it at each commit, and the system caches the file's other pages. Callers wait for
 * locks themselves.
 */
const pragmas = 'PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -8192';

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
  if (version < schemaVersion) throw new Error('it is not set up yet');
  if (version > schemaVersion)
    throw new Error(`its schema is ${version}, this program knows ${schemaVersion}`);
}

function prepareToWrite(
  database: DatabaseSync,
  options: { readonly path: string; readonly log?: Log; readonly pagesMax?: number },
): void {
  // The file is opened once, before the process serves anything, so SQLite itself may wait for a lock here.
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
  const runs = new Runs(database);
  const one = database.prepare('SELECT 1 FROM conversations LIMIT 1');
  return {
    conversation: (key) => decodeConversation(select.get(key.creatorId, key.userId)),
    page: (key, range) => runs.page(key, range),
    write: writerOf(database, runs),
    ping: () => void one.get(), // Only whether it throws matters.
    close: () => database.close(),
  };
}

/** Conversations whose row number is remembered. Forgetting one costs a look into the index. */
const knownRowsMax = 100_000;

function writerOf(database: DatabaseSync, runs: Runs): SqliteFile['write'] {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const rows = new ConversationRows(database);
  return (writes) => {
    begin.run();
    try {
      for (const write of writes) {
        const continued = rows.continue(write);
        if (continued !== undefined) {
          runs.append(continued, write.messages);
          continue;
        }
        const row = rows.put(write);
        if (row === undefined) continue; // Stale: a late write of an earlier owner is skipped.
        runs.replace(row, write);
      }
      commit.run();
    } catch (failure) {
      // A full disk or a damaged file ends the transaction by itself.
      if (database.isTransaction) database.exec('ROLLBACK');
      rows.forget(); // Rows that the transaction made are gone.
      throw failure;
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
  readonly #continue: StatementSync;

  constructor(database: DatabaseSync) {
    // A stale write changes no row, so it returns none.
    this.#insert = database.prepare(
      `INSERT INTO conversations (creator_id, user_id, state, in_seq, epoch, top_seq)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (creator_id, user_id) DO UPDATE SET
         state = excluded.state, in_seq = excluded.in_seq, epoch = excluded.epoch, top_seq = excluded.top_seq
       WHERE excluded.in_seq >= in_seq
       RETURNING id`,
    );
    this.#continue = database.prepare(
      `UPDATE conversations SET state = ?, in_seq = ?, epoch = ?, top_seq = ?
       WHERE id = ? AND in_seq <= ? AND top_seq < ?`,
    );
  }

  /**
   * Writes a row whose number is remembered and whose messages come after all stored ones, as in nearly every
   * write, and returns its number. Leaves any other row as it is, and returns undefined.
   */
  continue(write: ConversationWrite): number | undefined {
    const known = this.#known.get(conversationName(write));
    if (known === undefined) return undefined;
    const { state, inSeq, epoch, topSeq } = write;
    const { changes } = this.#continue.run(state, inSeq, epoch, topSeq, known, inSeq, firstSeqOf(write));
    return changes === 0 ? undefined : known;
  }

  /** Writes any row and returns its number; undefined when the stored row is newer. */
  put({ creatorId, userId, state, inSeq, epoch, topSeq }: ConversationWrite): number | undefined {
    const row = this.#insert.get(creatorId, userId, state, inSeq, epoch, topSeq);
    if (row === undefined) return undefined;
    if (this.#known.size >= knownRowsMax) this.#known.clear();
    this.#known.set(conversationName({ creatorId, userId }), Number(row.id));
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
