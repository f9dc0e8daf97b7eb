import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { describeMessageStore, write } from './history.contract.ts';
import { openSqliteHistory } from './history-sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'rapport-history-'));
let files = 0;
const newPath = () => join(folder, `${++files}`, 'history.db');
const ann = { creatorId: 'acme', userId: 'ann' };
afterAll(() => rmSync(folder, { recursive: true }));

describeMessageStore('history-sqlite', () => openSqliteHistory({ path: newPath() }));

test('what was committed is there after the file is opened again', async () => {
  const path = newPath();
  const first = openSqliteHistory({ path });
  await first.commit([write('acme', 'ann', 3, 2)]);
  await first.close();
  const second = openSqliteHistory({ path });
  expect((await second.load([ann]))[0]?.inSeq).toBe(3);
  expect((await second.page(ann, { afterSeq: 0, limit: 9 })).length).toBe(2);
  await second.close();
});

test('a file of schema 1, with a row for each message, is taken over', async () => {
  const path = newPath();
  await openSqliteHistory({ path }).close();
  const old = new DatabaseSync(path);
  old.exec(`DROP TABLE runs;
    CREATE TABLE messages (conversation INTEGER NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
    CREATE UNIQUE INDEX messages_by_seq ON messages (conversation, seq);
    INSERT INTO conversations VALUES (7, 'acme', 'ann', '{}', 3, 1, 3);
    PRAGMA user_version = 1`);
  const insert = old.prepare('INSERT INTO messages VALUES (7, ?, ?)');
  for (const { seq, json } of write('acme', 'ann', 3, 3).messages.toReversed()) insert.run(seq, json);
  old.close();
  const reader = openSqliteHistory({ path, readOnly: true });
  await expect(reader.ping()).rejects.toThrow('it is not set up yet');
  const store = openSqliteHistory({ path });
  await store.commit([write('acme', 'ann', 5, 5, 4)]);
  for (const each of [store, reader]) {
    const page = await each.page(ann, { afterSeq: 0, limit: 9 });
    expect(page.map(({ text }) => text)).toEqual(['1', '2', '3', '4', '5']);
    await each.close();
  }
});

test('a late write is stale also when its messages follow what is stored', async () => {
  const store = openSqliteHistory({ path: newPath() });
  await store.commit([write('acme', 'ann', 9, 3)]);
  await store.commit([write('acme', 'ann', 8, 4, 4)]);
  expect((await store.load([ann]))[0]).toMatchObject({ inSeq: 9, topSeq: 3 });
  expect((await store.page(ann, { afterSeq: 0, limit: 9 })).length).toBe(3);
  await store.close();
});

test('commits of one event-loop turn share a transaction', async () => {
  const path = newPath();
  const store = openSqliteHistory({ path });
  const frames = () => walFrames(path);
  await store.commit([write('acme', 'ann', 1, 1)]);
  const before = frames();
  await store.commit([write('acme', 'ann', 2, 2)]);
  const alone = frames() - before;
  await Promise.all(Array.from({ length: 16 }, (_, at) => store.commit([write('acme', 'ann', at + 3, 2)])));
  expect(frames() - before - alone).toBeLessThanOrEqual(alone);
  await store.close();
});

test('a failed transaction rejects every commit in it and keeps nothing, and later ones work', async () => {
  const store = openSqliteHistory({ path: newPath(), pagesMax: 60 });
  await store.commit([write('acme', 'bob', 1, 1)]);
  const huge = { ...write('acme', 'ann', 1, 1), state: 'x'.repeat(500_000) };
  const outcomes = await Promise.allSettled([
    store.commit([write('acme', 'cyd', 1, 1)]),
    store.commit([huge]),
  ]);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'history_unavailable',
        message: expect.stringMatching(/^Cannot write history .* disk is full$/),
      },
    });
  }
  expect(await store.load([ann, { creatorId: 'acme', userId: 'cyd' }])).toEqual([undefined, undefined]);
  await store.commit([write('acme', 'cyd', 2, 1)]);
  await store.close();
});

test('a reader waits for the file to be made, then sees each commit', async () => {
  const path = newPath();
  const reader = openSqliteHistory({ path, readOnly: true });
  await expect(reader.page(ann, { afterSeq: 0, limit: 9 })).rejects.toMatchObject({
    code: 'history_unavailable',
    message: expect.stringContaining('there is no such file yet'),
  });
  await expect(reader.ping()).rejects.toThrow('there is no such file yet');
  const writer = openSqliteHistory({ path });
  await reader.ping();
  for (const top of [1, 2, 3]) {
    await writer.commit([write('acme', 'ann', top, top, top)]);
    expect((await reader.page(ann, { afterSeq: 0, limit: 9 })).length).toBe(top);
  }
  await expect(reader.commit([write('acme', 'ann', 9, 9)])).rejects.toThrow('may not be written to');
  await reader.close();
  await writer.close();
});

test('a reader whose file was made but not set up says so', async () => {
  const path = join(folder, 'empty.db');
  writeFileSync(path, '');
  const reader = openSqliteHistory({ path, readOnly: true });
  await expect(reader.ping()).rejects.toThrow('it is not set up yet');
  await reader.close();
});

test('waits for another process that holds the file, without stopping the event loop', async () => {
  const path = newPath();
  const store = openSqliteHistory({ path });
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  let ticks = 0;
  const ticking = setInterval(() => {
    ticks += 1;
  }, 5);
  setTimeout(() => other.exec('ROLLBACK'), 100);
  await store.commit([write('acme', 'ann', 1, 1)]);
  clearInterval(ticking);
  expect(ticks).toBeGreaterThan(5);
  other.close();
  await store.close();
});

test('gives up on a file that another process never lets go', async () => {
  const path = newPath();
  let nowMs = 0;
  const clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async () => {
      nowMs += 1_000;
    },
    every: () => () => undefined,
  };
  const store = openSqliteHistory({ path, clock });
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  await expect(store.commit([write('acme', 'ann', 1, 1)])).rejects.toThrow('another process holds it');
  other.exec('ROLLBACK');
  await store.commit([write('acme', 'ann', 1, 1)]);
  other.close();
  await store.close();
});

test('what is no database, damaged, newer or at an impossible path is refused in one sentence', async () => {
  const text = join(folder, 'text.db');
  writeFileSync(
    text,
    'this is not a database, but it is longer than a header of a hundred bytes would be. '.repeat(50),
  );
  expect(() => openSqliteHistory({ path: text })).toThrow(
    /^Cannot open history .*text\.db: it is not a SQLite database$/,
  );

  const damaged = newPath();
  const store = openSqliteHistory({ path: damaged });
  await store.commit([write('acme', 'ann', 1, 3_000)]);
  await store.close();
  const bytes = new DatabaseSync(damaged).prepare('PRAGMA page_count').get()?.page_count;
  writeFileSync(damaged, Buffer.alloc(Number(bytes) * 4_096 - 4_096, 0xa5), { flag: 'r+' });
  expect(() => openSqliteHistory({ path: damaged })).toThrow(/it is (damaged|not a SQLite database)$/);

  const newer = newPath();
  await openSqliteHistory({ path: newer }).close();
  const database = new DatabaseSync(newer);
  database.exec('PRAGMA user_version = 99');
  database.close();
  expect(() => openSqliteHistory({ path: newer })).toThrow('its schema is 99, this program knows 2');

  const under = join(text, 'below', 'history.db');
  expect(() => openSqliteHistory({ path: under })).toThrow(/^Cannot open history .*: /);
});

test('a damaged page is a fault when it is read', async () => {
  const path = newPath();
  const store = openSqliteHistory({ path });
  await store.commit([write('acme', 'ann', 1, 3_000)]);
  await store.close();
  const size = Number(new DatabaseSync(path).prepare('PRAGMA page_count').get()?.page_count) * 4_096;
  const file = Buffer.alloc(size - 3 * 4_096, 0xa5);
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, file, 0, file.length, 3 * 4_096);
  closeSync(descriptor);
  const again = openSqliteHistory({ path });
  await expect(again.page(ann, { afterSeq: 0, limit: 3_000 })).rejects.toThrow(
    /^Cannot read history .*it is damaged/,
  );
  await again.close();
});

test.runIf(process.platform === 'linux')(
  'a folder that may not be written to is refused in one sentence',
  () => {
    expect(() => openSqliteHistory({ path: '/proc/history.db' })).toThrow(
      'Cannot open history /proc/history.db: the file or its folder can not be opened',
    );
  },
);

test('what commit() resolved survives kill -9, and the file opens again at once', async () => {
  const path = newPath();
  const child = fork(join(import.meta.dirname, 'commit-forever-fixture.ts'), [path], {
    execArgv: ['--no-warnings'],
  });
  let resolved = 0;
  child.on('message', (top) => {
    resolved = Number(top);
    if (resolved === 50) child.kill('SIGKILL');
  });
  await once(child, 'exit');
  const store = openSqliteHistory({ path });
  expect((await store.load([ann]))[0]?.topSeq).toBeGreaterThanOrEqual(resolved);
  expect((await store.page(ann, { afterSeq: 0, limit: resolved })).map(({ seq }) => seq)).toEqual(
    Array.from({ length: resolved }, (_, at) => at + 1),
  );
  await store.close();
});

test('two processes may write the same file at once', async () => {
  const path = newPath();
  const [left, right] = [openSqliteHistory({ path }), openSqliteHistory({ path })];
  const run = async (store: typeof left, userId: string) => {
    for (let top = 1; top <= 30; top += 1) await store.commit([write('acme', userId, top, top, top)]);
  };
  await Promise.all([run(left, 'ann'), run(right, 'bob')]);
  expect((await left.load([ann, { creatorId: 'acme', userId: 'bob' }])).map((row) => row?.topSeq)).toEqual([
    30, 30,
  ]);
  await left.close();
  await right.close();
});

/** Frames in the write-ahead log: each is a page that a transaction wrote, with a header of 24 bytes. */
function walFrames(path: string): number {
  return (statSync(`${path}-wal`).size - 32) / (4_096 + 24);
}
