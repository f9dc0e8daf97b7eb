import { createHash } from 'node:crypto';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { type Client, errors, types } from 'cassandra-driver';
import type { CassandraAddress } from './cassandra-url.ts';

/** Messages of one partition of the table: a megabyte where they are long, far below Cassandra's limit. */
export const bucketMessages = 1_000;

/**
 * Entry N takes a keyspace from version N to N + 1. Entries are added and never edited. Each must do no harm
 * when it is run twice, because the process that runs it may die in the middle.
 *
 * `fold` is one cell on purpose: of two writes with the same timestamp Cassandra keeps the greater bytes
 * cell by cell, so a row of several cells could become a mixture. The epoch stands first in it, so that the
 * newer owner's fold stays where two owners folded the same position. See docs/decisions/0007.
 */
const migrations: readonly ((keyspace: string) => string)[] = [
  (keyspace) => `CREATE TYPE IF NOT EXISTS ${keyspace}.fold (
     epoch bigint, in_seq bigint, top_seq bigint, state text
   )`,
  (keyspace) => `CREATE TABLE IF NOT EXISTS ${keyspace}.conversations (
     creator_id text, user_id text,
     fold frozen<fold>,
     PRIMARY KEY ((creator_id, user_id))
   ) WITH comment = 'Write timestamps are positions of the log, less 2^51'`,
  (keyspace) => `CREATE TABLE IF NOT EXISTS ${keyspace}.messages (
     creator_id text, user_id text, bucket int, seq bigint,
     body text,
     PRIMARY KEY ((creator_id, user_id, bucket), seq)
   ) WITH CLUSTERING ORDER BY (seq DESC)
     AND comment = 'bucket: seq / ${bucketMessages}. Write timestamps are positions of the log, less 2^51'`,
];

/** A process that has not finished a migration by then has died. Another process may take it over. */
const claimSeconds = 60;
const waitMs = 100;
/** How long a change of the schema may take: it waits until all servers agree. */
const slow = { prepare: false, readTimeout: 30_000 } as const;

export interface SchemaOptions {
  readonly client: Client;
  readonly address: CassandraAddress;
  readonly clock: Clock;
  readonly log?: Log | undefined;
}

/** Throws with the reason when the keyspace is not set up, or when a newer program set it up. */
export async function checkSchema(options: SchemaOptions): Promise<void> {
  const version = await versionOf(options);
  if (version < migrations.length) throw new Error('it is not set up yet');
}

/**
 * Makes the keyspace when it is absent and brings it to the newest schema. Safe when several processes do it
 * at once: each step is claimed by a compare-and-set, and the others wait for it.
 */
export async function setUpSchema(options: SchemaOptions): Promise<void> {
  const found = await versionOf(options);
  if (found === migrations.length) return;
  if (found === -1) await makeKeyspace(options);
  for (const [from, statement] of migrations.entries()) {
    if (from < found) continue;
    await apply(from + 1, statement(options.address.keyspace), options);
  }
  options.log?.info({ found: Math.max(0, found), schemaVersion: migrations.length }, 'history set up');
}

/** The newest version that is done; -1 when there is no table of migrations. */
async function versionOf({ client, address }: SchemaOptions): Promise<number> {
  let version = 0;
  try {
    const { rows } = await client.execute(
      `SELECT version, done FROM ${address.keyspace}.migrations`,
      [],
      slow,
    );
    for (const row of rows) if (row.get('done') === true) version = Math.max(version, row.get('version'));
  } catch (failure) {
    if (isAbsent(failure)) return -1;
    throw failure;
  }
  if (version > migrations.length)
    throw new Error(`its schema is ${version}, this program knows ${migrations.length}`);
  return version;
}

function isAbsent(failure: unknown): boolean {
  return failure instanceof errors.ResponseError && failure.code === types.responseErrorCodes.invalid;
}

/**
 * Several processes may make the keyspace and its first table at once. A table that is made twice at once
 * with different ids breaks a Cassandra, so this table's id is made from the keyspace's name.
 */
async function makeKeyspace({ client, address }: SchemaOptions): Promise<void> {
  const { keyspace, dataCenter, replication } = address;
  // A user without the right to make keyspaces may still use an existing one.
  if (client.metadata.keyspaces[keyspace] === undefined) {
    await client.execute(
      `CREATE KEYSPACE IF NOT EXISTS ${keyspace}
       WITH replication = {'class': 'NetworkTopologyStrategy', '${dataCenter}': ${replication}}`,
      [],
      slow,
    );
  }
  await client.execute(
    `CREATE TABLE IF NOT EXISTS ${keyspace}.migrations (
       version int PRIMARY KEY, done boolean
     ) WITH id = ${tableId(keyspace)}`,
    [],
    slow,
  );
}

/** A UUID made from the keyspace's name, in the form of version 5. */
function tableId(keyspace: string): string {
  const hex = createHash('sha256').update(`rapport migrations of ${keyspace}`).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

async function apply(version: number, statement: string, options: SchemaOptions): Promise<void> {
  const { client, clock, address } = options;
  for (;;) {
    const claim = await client.execute(
      `INSERT INTO ${address.keyspace}.migrations (version, done) VALUES (${version}, false)
       IF NOT EXISTS USING TTL ${claimSeconds}`,
      [],
      slow,
    );
    if (claim.wasApplied()) break;
    if (claim.first()?.get('done') === true) return;
    await clock.sleep(waitMs);
  }
  await client.execute(statement, [], slow);
  await client.execute(
    `UPDATE ${address.keyspace}.migrations SET done = true WHERE version = ${version} IF EXISTS`,
    [],
    slow,
  );
}
