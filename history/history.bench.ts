import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type ConversationWrite, encodeMessage, type StoredMessage } from './history.ts';
import { openSqliteHistory } from './history-sqlite.ts';

// What a commit costs, against bare inserts of only its message rows: `node history/history.bench.ts` prints
// JSON.
const runs = 7;
const commits = 150;
const messagesPerCommit = 512;
const conversations = 200;
const state = JSON.stringify({ devices: [{ id: crypto.randomUUID(), last: 1 }], effects: 'x'.repeat(500) });

const pairs: { readonly bare: number; readonly history: number }[] = [];
for (let run = 0; run < runs; run += 1) {
  const bareFirst = run % 2 === 0 ? await benchBare() : undefined;
  const history = await benchHistory();
  pairs.push({ bare: bareFirst ?? (await benchBare()), history });
}
const figures = {
  commitsPerSecond: spread(pairs.map(({ history }) => history)),
  bareCommitsPerSecond: spread(pairs.map(({ bare }) => bare)),
  ratio: spread(pairs.map(({ bare, history }) => history / bare)),
};
process.stdout.write(`${JSON.stringify({ messagesPerCommit, conversations, runs, ...figures })}\n`);

/** The least that is durable: rows appended to a table without index, one transaction a batch. */
function benchBare(): Promise<number> {
  return inFolder((path) => {
    const database = new DatabaseSync(path);
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE said (c, u, seq, body)',
    );
    const insert = database.prepare('INSERT INTO said VALUES (?, ?, ?, ?)');
    const beganMs = performance.now();
    for (let at = 1; at <= commits; at += 1) {
      database.exec('BEGIN');
      for (const { creatorId, userId, messages } of batch(at)) {
        for (const { seq, json } of messages) insert.run(creatorId, userId, seq, json);
      }
      database.exec('COMMIT');
    }
    const rate = perSecond(beganMs);
    database.close();
    return rate;
  });
}

function benchHistory(): Promise<number> {
  return inFolder(async (path) => {
    const store = openSqliteHistory({ path });
    const beganMs = performance.now();
    for (let at = 1; at <= commits; at += 1) await store.commit(batch(at));
    const rate = perSecond(beganMs);
    await store.close();
    return rate;
  });
}

function perSecond(beganMs: number): number {
  return (commits / (performance.now() - beganMs)) * 1_000;
}

async function inFolder(measure: (path: string) => number | Promise<number>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'rapport-history-bench-'));
  try {
    return await measure(join(folder, 'history.db'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function batch(inSeq: number): ConversationWrite[] {
  const least = Math.floor(messagesPerCommit / conversations);
  return Array.from({ length: conversations }, (_, at) => {
    const count = least + (at < messagesPerCommit % conversations ? 1 : 0);
    const topSeq = inSeq * count;
    const userId = `user-${at}`;
    const messages = Array.from({ length: count }, (_unused, of) =>
      encodeMessage(message(userId, topSeq - count + of + 1)),
    );
    return { creatorId: 'bench', userId, state, inSeq, epoch: 1, topSeq, messages };
  });
}

function message(userId: string, seq: number): StoredMessage {
  const id = '0190a6c2-7d1e-7b3a-9c4d-1234567890ab';
  return { seq, id, role: 'USER', text: `Is this message number ${seq}?`, channel: 'web', atMs: seq, userId };
}

function spread(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (index: number) => Number((sorted[index] ?? Number.NaN).toPrecision(3));
  return { median: at(sorted.length >> 1), min: at(0), max: at(sorted.length - 1) };
}
