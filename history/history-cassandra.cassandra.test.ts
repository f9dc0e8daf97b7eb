import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@rapport/runtime/clock.ts';
import { retryUntil } from '@rapport/runtime/retry.ts';
import { Client, type types } from 'cassandra-driver';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestCassandra, type TestCassandra } from './cassandra-fixture.ts';
import { describeMessageStore, write } from './history.contract.ts';
import type { MessageStore } from './history.ts';
import { openHistory } from './open-history.ts';

let cassandra: TestCassandra;
const opened: MessageStore[] = [];
/** On a busy machine a Cassandra takes its time to start. */
const withinMs = 180_000;
const ann = { creatorId: 'acme', userId: 'ann' };

beforeAll(async () => {
  cassandra = await startTestCassandra();
}, withinMs);
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});
afterAll(() => cassandra.stop());

function open(url: string, readOnly = false): MessageStore {
  const store = openHistory(url, { readOnly });
  opened.push(store);
  return store;
}

/** The statements as an operator would give them; returns the rows of the last. */
async function cql(...statements: readonly string[]) {
  const contactPoints = [`127.0.0.1:${cassandra.port}`];
  const client = new Client({ contactPoints, localDataCenter: 'datacenter1' });
  let rows: types.Row[] = [];
  for (const statement of statements) rows = (await client.execute(statement)).rows;
  await client.shutdown();
  return rows;
}

const keyspaceOf = (url: string) => new URL(url).pathname.slice(1);
/** All of a conversation, a page after the other. */
async function textsOf(store: MessageStore, userId = 'ann'): Promise<(string | undefined)[]> {
  const texts: (string | undefined)[] = [];
  for (;;) {
    const page = await store.page({ creatorId: 'acme', userId }, { afterSeq: texts.length, limit: 1_000 });
    if (page.length === 0) return texts;
    texts.push(...page.map(({ text }) => text));
  }
}

const upTo = (top: number) => Array.from({ length: top }, (_, at) => String(at + 1));

describe('on Cassandra', () => {
  let url: string;
  beforeAll(async () => {
    url = cassandra.newUrl();
    await open(url).ping();
  });
  // Emptying tables is several times as fast as making them.
  beforeEach(() => cql(`TRUNCATE ${keyspaceOf(url)}.messages`, `TRUNCATE ${keyspaceOf(url)}.conversations`));
  describeMessageStore('history-cassandra', () => openHistory(url));
});

describe('setting up', () => {
  test('by several at once, each of them can write, and every migration is done', async () => {
    const url = cassandra.newUrl();
    const stores = Array.from({ length: 6 }, () => open(url));
    await Promise.all(stores.map((store, at) => store.commit([write('acme', `u${at}`, 1, 1)])));
    const rows = await cql(`SELECT version, done FROM ${keyspaceOf(url)}.migrations`);
    expect(rows.map((row) => row.get('done'))).toEqual([true, true, true]);
    expect(await textsOf(stores[0] ?? open(url), 'u5')).toEqual(['1']);
  });

  test('goes on where a process died in the middle of a migration', async () => {
    const url = cassandra.newUrl();
    await open(url).ping();
    const keyspace = keyspaceOf(url);
    await cql(`DROP TABLE ${keyspace}.messages`);
    await cql(`DELETE FROM ${keyspace}.migrations WHERE version = 3`);
    await cql(`INSERT INTO ${keyspace}.migrations (version, done) VALUES (3, false) USING TTL 2`);
    const store = open(url);
    await store.commit([write('acme', 'ann', 1, 1)]);
    expect(await textsOf(store)).toEqual(['1']);
  });

  test('a reader makes nothing and looks again at each call', async () => {
    const url = cassandra.newUrl();
    const reader = open(url, true);
    await expect(reader.ping()).rejects.toMatchObject({
      code: 'history_unavailable',
      message: expect.stringMatching(/^Cannot open history cassandra:.*: it is not set up yet$/),
    });
    const writer = open(url);
    await writer.commit([write('acme', 'ann', 1, 2)]);
    expect(await textsOf(reader)).toEqual(['1', '2']);
    await expect(reader.commit([write('acme', 'ann', 9, 9)])).rejects.toThrow('it may not be written to');
  });

  test('a keyspace of a newer program is refused', async () => {
    const url = cassandra.newUrl();
    await open(url).ping();
    await cql(`INSERT INTO ${keyspaceOf(url)}.migrations (version, done) VALUES (99, true)`);
    await expect(open(url).ping()).rejects.toThrow('its schema is 99, this program knows 3');
  });
});

describe('the last position wins', () => {
  test('in whatever order the writes of two owners arrive', async () => {
    const url = cassandra.newUrl();
    const owners = [open(url), open(url)] as const;
    for (let round = 0; round < 5; round += 1) {
      const userId = `round-${round}`;
      const writes = Array.from({ length: 24 }, (_, at) => ({
        ...write('acme', userId, at + 1, at + 1),
        state: JSON.stringify({ at: at + 1 }),
      }));
      const shuffled = writes.toSorted(() => Math.random() - 0.5);
      await Promise.all(shuffled.map((late, at) => owners[at % 2 === 0 ? 0 : 1].commit([late])));
      const [row] = await owners[0].load([{ creatorId: 'acme', userId }]);
      expect(row).toEqual({ state: '{"at":24}', inSeq: 24, epoch: 1, topSeq: 24 });
      expect(await textsOf(owners[1], userId)).toEqual(upTo(24));
    }
  });

  test('and a row is whole: of two folds of one position the newer owner’s, in either order', async () => {
    const store = open(cassandra.newUrl());
    await store.commit([{ ...write('acme', 'ann', 4, 1), epoch: 7, state: '{"a":1}' }]);
    await store.commit([{ ...write('acme', 'ann', 4, 2), epoch: 6, state: '{"z":1}' }]);
    expect(await store.load([ann])).toEqual([{ state: '{"a":1}', inSeq: 4, epoch: 7, topSeq: 1 }]);
  });

  test('and its timestamps are not ahead of the clock, for positions of a log made today', async () => {
    const url = cassandra.newUrl();
    const today = Math.floor(Date.now() / 1_000) * 2_000 * 1_024; // As stream/inbox-stream.ts begins a log.
    await open(url).commit([write('acme', 'ann', today, 1)]);
    const [row] = await cql(`SELECT WRITETIME(fold) AS at FROM ${keyspaceOf(url)}.conversations`);
    expect(Number(row?.get('at'))).toBeLessThan(Date.now() * 1_000);
    expect(Number(row?.get('at'))).toBeGreaterThan(0);
  });

  test('what a commit that did not reach its row left behind is not read, and is written again', async () => {
    const url = cassandra.newUrl();
    const store = open(url);
    await store.commit([write('acme', 'ann', 1, 2)]);
    await cql(
      `INSERT INTO ${keyspaceOf(url)}.messages (creator_id, user_id, bucket, seq, body)
       VALUES ('acme', 'ann', 0, 4, '{"seq":4,"text":"half"}') USING TIMESTAMP 1`,
    );
    // The same position was lost before it was whole; the real one is of a log made today.
    expect(await textsOf(store)).toEqual(upTo(2));
    await store.commit([write('acme', 'ann', 2 ** 51 + 2, 4, 3)]);
    expect(await textsOf(store)).toEqual(upTo(4));
  });
});

/**
 * The row of ann once it rests: the last commit of a process that was killed may still be on its way inside
 * Cassandra, and land between two reads.
 */
async function restingRow(store: MessageStore) {
  const restsForMs = 1_000;
  let row = (await store.load([ann]))[0];
  for (let sinceMs = performance.now(); performance.now() - sinceMs < restsForMs; await sleep(50)) {
    const [next] = await store.load([ann]);
    if (next?.topSeq !== row?.topSeq) sinceMs = performance.now();
    row = next;
  }
  return row;
}

test('an owner that is killed in the middle of a commit leaves nothing but what the next one writes', {
  timeout: withinMs,
}, async () => {
  const url = cassandra.newUrl();
  const store = open(url);
  await store.ping();
  for (let epoch = 1; epoch <= 4; epoch += 1) {
    const owner = fork(join(import.meta.dirname, 'take-over-fixture.ts'), [url, String(epoch)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    let resolved = 0;
    owner.on('message', (top) => {
      resolved = Number(top);
    });
    await once(owner, 'message');
    await sleep(200 + Math.random() * 100);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const row = await restingRow(store);
    const top = row?.topSeq ?? 0;
    expect(top).toBeGreaterThanOrEqual(resolved);
    expect(row).toEqual({ state: JSON.stringify({ top }), inSeq: top, epoch, topSeq: top });
    expect(await textsOf(store)).toEqual(upTo(top));
  }
});

describe('while Cassandra is away', () => {
  /** Commits one message after the other as the actor host does, until the signal aborts. */
  async function talk(store: MessageStore, userId: string, signal: AbortSignal) {
    let failures = 0;
    let top = 0;
    while (!signal.aborted) {
      const next = write('acme', userId, top + 1, top + 1, top + 1);
      await retryUntil(() => store.commit([next]), {
        backoff: { firstMs: 20, mostMs: 200 },
        clock: systemClock,
        signal: AbortSignal.timeout(withinMs),
        onFailure: (failure) => {
          expect(failure).toMatchObject({ code: 'history_unavailable' });
          failures += 1;
        },
      });
      top += 1;
    }
    return { userId, top, failures };
  }

  /** The driver may lose a connection once more just after the server came back: then a call is refused. */
  function onceBack<T>(call: () => Promise<T>): Promise<T> {
    return retryUntil(call, {
      backoff: { firstMs: 20, mostMs: 200 },
      clock: systemClock,
      signal: AbortSignal.timeout(30_000),
      onFailure: (failure) => expect(failure).toMatchObject({ code: 'history_unavailable' }),
    });
  }

  async function talkWhile(disturb: () => Promise<void>) {
    const store = open(cassandra.newUrl());
    await store.ping();
    const ends = new AbortController();
    const talking = Promise.all(Array.from({ length: 8 }, (_, at) => talk(store, `u${at}`, ends.signal)));
    const disturbing = async () => {
      await sleep(500);
      await disturb();
      await sleep(500);
      ends.abort();
    };
    const [talks] = await Promise.all([talking, disturbing()]);
    for (const { userId, top, failures } of talks) {
      expect(failures).toBeGreaterThan(0);
      expect(top).toBeGreaterThan(1);
      const key = { creatorId: 'acme', userId };
      const [row] = await onceBack(() => store.load([key]));
      expect(row).toMatchObject({ topSeq: top, inSeq: top });
      const last = await onceBack(() => store.page(key, { afterSeq: 0, limit: top + 1 }));
      expect(last.map(({ seq }) => seq)).toEqual(Array.from({ length: top }, (_, at) => at + 1));
    }
    await onceBack(() => store.ping());
  }

  test(
    'kill -9 under commits: each is refused until it is back, and what was resolved is there',
    {
      timeout: withinMs,
    },
    () =>
      talkWhile(async () => {
        await cassandra.kill();
        await sleep(500);
        await cassandra.start();
      }),
  );

  test('a server that hangs under commits: the same', { timeout: withinMs }, () =>
    talkWhile(async () => {
      cassandra.pause();
      await sleep(4_000);
      cassandra.resume();
    }),
  );

  test('ping() says so, and who opens it then is served once it is back', { timeout: withinMs }, async () => {
    const url = cassandra.newUrl();
    const before = open(url);
    await before.ping();
    cassandra.pause();
    const late = open(url);
    await expect(before.ping()).rejects.toMatchObject({ code: 'history_unavailable' });
    await expect(late.ping()).rejects.toThrow(/^Cannot open history cassandra:\/\/127\.0\.0\.1/);
    cassandra.resume();
    await expect.poll(() => late.ping().then(() => 'ready', String), { timeout: 30_000 }).toBe('ready');
    await expect.poll(() => before.ping().then(() => 'ready', String), { timeout: 30_000 }).toBe('ready');
  });
});

test('nobody there: a sentence without the password', async () => {
  const store = open('cassandra://rapport:secret@127.0.0.1:1/history');
  const failure = await store.ping().catch(String);
  expect(failure).toMatch(
    /^Fault: Cannot open history cassandra:\/\/127\.0\.0\.1:1\/history: .*ECONNREFUSED/,
  );
  expect(failure).not.toContain('secret');
});
