import type { DatabaseSync } from 'node:sqlite';

/**
 * Each entry takes a file from the version of its index to the next; PRAGMA user_version holds the version.
 * Entries are added and never edited.
 *
 * Runs of messages lie in the order in which they were written, and are found by a narrow index. Clustered
 * by conversation, they would make SQLite write the page of each conversation's newest messages with every
 * batch: half as many bytes again where each message is of another person, and up to four times as many in
 * bursts.
 */
const migrations = [
  `CREATE TABLE conversations (
     id INTEGER PRIMARY KEY,
     creator_id TEXT NOT NULL,
     user_id TEXT NOT NULL,
     state TEXT NOT NULL,
     in_seq INTEGER NOT NULL,
     epoch INTEGER NOT NULL,
     top_seq INTEGER NOT NULL,
     UNIQUE (creator_id, user_id)
   ) STRICT;
   CREATE TABLE messages (
     conversation INTEGER NOT NULL,
     seq INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX messages_by_seq ON messages (conversation, seq);`,

  // A row for each run of messages, as sqlite-runs.ts writes them, instead of one for each message.
  `CREATE TABLE runs (
     conversation INTEGER NOT NULL,
     last_seq INTEGER NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   INSERT INTO runs SELECT conversation, seq, '[' || body || ']' FROM messages ORDER BY conversation, seq;
   CREATE UNIQUE INDEX runs_by_seq ON runs (conversation, last_seq);
   DROP TABLE messages;`,
] as const;

export const schemaVersion = migrations.length;

/**
 * Brings the file to the newest schema. A file of a newer schema stays as it is. Several processes may do it
 * at once.
 */
export function migrate(database: DatabaseSync): void {
  if (versionOf(database) >= schemaVersion) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const found = versionOf(database); // Read again, now that no other process can change it.
    for (const step of migrations.slice(found)) database.exec(step);
    if (found < schemaVersion) database.exec(`PRAGMA user_version = ${schemaVersion}`);
    database.exec('COMMIT');
  } catch (failure) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw failure;
  }
}

export function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version);
}
