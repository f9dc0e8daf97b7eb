import { Slots } from '@rapport/runtime/slots.ts';
import { Client, types } from 'cassandra-driver';
import { startTestCassandra } from './cassandra-fixture.ts';
import { readCassandraUrl } from './cassandra-url.ts';
import { type ConversationWrite, encodeMessage } from './history.ts';
import { openHistory } from './open-history.ts';

// What Cassandra costs, against the driver's bare statements on messages alone, on a server of its own:
// `node history/cassandra.bench.ts` prints JSON. Rows are messages.
const runs = 5;
const commits = 20;
const conversations = 200;
const messagesPerWrite = 3;
const pages = 500;
const pageMessages = 50;
const state = JSON.stringify({ devices: [{ id: crypto.randomUUID(), last: 1 }], effects: 'x'.repeat(500) });

const cassandra = await startTestCassandra();
const url = cassandra.newUrl();
const { contactPoints, dataCenter, keyspace } = readCassandraUrl(url.slice('cassandra:'.length));
const store = openHistory(url);
await store.ping();
const bare = new Client({
  contactPoints: [...contactPoints],
  localDataCenter: dataCenter,
  keyspace,
  queryOptions: { prepare: true, consistency: types.consistencies.localQuorum },
});
const slots = new Slots(256);
await bare.execute('CREATE TABLE said (c text, u text, seq int, body text, PRIMARY KEY ((c, u), seq))');

const figures = {
  historyWrite: [] as number[],
  bareWrite: [] as number[],
  historyPage: [] as number[],
  barePage: [] as number[],
};
// The first run warms the server's compiler and is not counted.
for (let run = 0; run <= runs; run += 1) {
  const counted = [
    await rowsPerSecond(() => writeBare(run)),
    await rowsPerSecond(() => writeHistory(run)),
    await rowsPerSecond(() => pageBare()),
    await rowsPerSecond(() => pageHistory()),
  ];
  if (run === 0) continue;
  for (const [at, into] of [
    figures.bareWrite,
    figures.historyWrite,
    figures.barePage,
    figures.historyPage,
  ].entries())
    into.push(counted[at] ?? Number.NaN);
}
const ratio = (some: readonly number[], others: readonly number[]) =>
  spread(some.map((value, at) => value / (others[at] ?? Number.NaN)));
const rates = Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, spread(values)]));
process.stdout.write(
  `${JSON.stringify({
    rowsPerSecond: rates,
    writeRatio: ratio(figures.historyWrite, figures.bareWrite),
    pageRatio: ratio(figures.historyPage, figures.barePage),
  })}\n`,
);
await store.close();
await bare.shutdown();
await cassandra.stop();

async function rowsPerSecond(work: () => Promise<number>): Promise<number> {
  const beganMs = performance.now();
  const rows = await work();
  return (rows / (performance.now() - beganMs)) * 1_000;
}

/** One row a statement, as many at once as the history has. */
async function writeBare(run: number): Promise<number> {
  let rows = 0;
  for (let commit = 0; commit < commits; commit += 1) {
    const statements = batch(run * commits + commit).flatMap(({ creatorId, userId, messages }) =>
      messages.map(({ seq, json }) => [creatorId, userId, seq, json]),
    );
    rows += statements.length;
    const insert = 'INSERT INTO said (c, u, seq, body) VALUES (?, ?, ?, ?)';
    await Promise.all(statements.map((params) => slots.run(() => bare.execute(insert, params))));
  }
  return rows;
}

async function writeHistory(run: number): Promise<number> {
  for (let commit = 0; commit < commits; commit += 1) await store.commit(batch(run * commits + commit));
  return commits * conversations * messagesPerWrite;
}

async function pageBare(): Promise<number> {
  const select = 'SELECT body FROM said WHERE c = ? AND u = ? AND seq > ? LIMIT ?';
  const read = (at: number) =>
    slots.run(async () => {
      const { rows } = await bare.execute(select, ['bench', `user-${at % conversations}`, 0, pageMessages]);
      return rows.map((row) => JSON.parse(String(row.get('body')))).length;
    });
  return sum(await Promise.all(Array.from({ length: pages }, (_, at) => read(at))));
}

async function pageHistory(): Promise<number> {
  const read = async (at: number) => {
    const key = { creatorId: 'bench', userId: `user-${at % conversations}` };
    return (await store.page(key, { afterSeq: 0, limit: pageMessages })).length;
  };
  return sum(await Promise.all(Array.from({ length: pages }, (_, at) => read(at))));
}

function batch(inSeq: number): ConversationWrite[] {
  return Array.from({ length: conversations }, (_, at) => {
    const topSeq = (inSeq + 1) * messagesPerWrite;
    const userId = `user-${at}`;
    const messages = Array.from({ length: messagesPerWrite }, (_unused, of) =>
      message(userId, topSeq - messagesPerWrite + of + 1),
    );
    return { creatorId: 'bench', userId, state, inSeq, epoch: 1, topSeq, messages };
  });
}

function message(userId: string, seq: number) {
  const id = '0190a6c2-7d1e-7b3a-9c4d-1234567890ab';
  const text = `Is this message number ${seq}?`;
  return encodeMessage({ seq, id, role: 'USER', text, channel: 'web', atMs: seq, userId });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function spread(values: readonly number[]): { median: number; min: number; max: number } {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (index: number) => Number((sorted[index] ?? Number.NaN).toPrecision(3));
  return { median: at(sorted.length >> 1), min: at(0), max: at(sorted.length - 1) };
}
