import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ConversationWrite, encodeMessage, type MessageStore, type StoredMessage } from './history.ts';

/** The tests that every MessageStore passes. `open` gives an empty store. */
export function describeMessageStore(name: string, open: () => MessageStore): void {
  describe(`${name} as a MessageStore`, () => {
    let store: MessageStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());
    describe('load()', () => describeLoad(() => store));
    describe('page()', () => describePage(() => store));
    describe('commit()', () => describeCommit(() => store));
    test('ping() tells whether it is open', async () => {
      await store.ping();
      await store.close();
      await expect(store.ping()).rejects.toMatchObject({ code: 'history_unavailable' });
    });
  });
}

function describeLoad(store: () => MessageStore): void {
  test('answers in the order asked, with unknowns and repetitions', async () => {
    await store().commit([write('acme', 'ann', 1, 1), write('acme', 'bob', 1, 2)]);
    const keys = ['bob', 'nobody', 'ann', 'bob'].map((userId) => ({ creatorId: 'acme', userId }));
    const rows = await store().load(keys);
    expect(rows.map((row) => row?.topSeq)).toEqual([2, undefined, 1, 2]);
    expect(await store().load([])).toEqual([]);
  });

  test('gives back exactly the row that was written', async () => {
    const state = JSON.stringify({ text: '\u0000 \ud83d\ude80 é', more: 'x'.repeat(5_000) });
    await store().commit([{ ...write('acme', 'ann', 7, 3), state, epoch: 12 }]);
    const [row] = await store().load([{ creatorId: 'acme', userId: 'ann' }]);
    expect(row).toEqual({ state, inSeq: 7, epoch: 12, topSeq: 3 });
  });

  test('keeps positions beyond 32 bits', async () => {
    await store().commit([write('acme', 'ann', 2 ** 40, 1)]);
    expect((await store().load([{ creatorId: 'acme', userId: 'ann' }]))[0]?.inSeq).toBe(2 ** 40);
  });
}

function describePage(store: () => MessageStore): void {
  const ann = { creatorId: 'acme', userId: 'ann' };
  const seqs = async (range: Parameters<MessageStore['page']>[1]) =>
    (await store().page(ann, range)).map(({ seq }) => seq);
  beforeEach(async () => {
    for (const top of [4, 8, 12]) await store().commit([write('acme', 'ann', top, top, top - 3)]);
  });

  test('reads forwards from a seq, nearest first', async () => {
    expect(await seqs({ afterSeq: 0, limit: 5 })).toEqual([1, 2, 3, 4, 5]);
    expect(await seqs({ afterSeq: 5, limit: 3 })).toEqual([6, 7, 8]);
    expect(await seqs({ afterSeq: 10, limit: 50 })).toEqual([11, 12]);
    expect(await seqs({ afterSeq: 12, limit: 50 })).toEqual([]);
  });

  test('reads backwards from a seq, nearest kept, still in order', async () => {
    expect(await seqs({ beforeSeq: 13, limit: 4 })).toEqual([9, 10, 11, 12]);
    expect(await seqs({ beforeSeq: 4, limit: 50 })).toEqual([1, 2, 3]);
    expect(await seqs({ beforeSeq: 1, limit: 50 })).toEqual([]);
  });

  test('meets every message once when walked in pages, both ways', async () => {
    const forwards: number[] = [];
    for (let page = await seqs({ afterSeq: 0, limit: 5 }); page.length > 0; ) {
      forwards.push(...page);
      page = await seqs({ afterSeq: forwards.at(-1) ?? 0, limit: 5 });
    }
    expect(forwards).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
  });

  test('finds no seam in a long conversation', async () => {
    const top = 3_005;
    await store().commit([write('acme', 'ann', 13, top)]);
    const run = (first: number, last: number) =>
      Array.from({ length: last - first + 1 }, (_, at) => first + at);
    expect(await seqs({ afterSeq: 998, limit: 3 })).toEqual(run(999, 1_001));
    expect(await seqs({ afterSeq: 999, limit: 1 })).toEqual([1_000]);
    expect(await seqs({ beforeSeq: 1_000, limit: 2 })).toEqual([998, 999]);
    expect(await seqs({ beforeSeq: 3_001, limit: 2_500 })).toEqual(run(501, 3_000));
    expect(await seqs({ afterSeq: top - 1, limit: 200 })).toEqual([top]);
    expect(await seqs({ beforeSeq: 2 ** 32 - 1, limit: 7 })).toEqual(run(top - 6, top));
    expect(await seqs({ afterSeq: 2 ** 32 - 1, limit: 7 })).toEqual([]);
  });

  test('finds its place in commits of any size', async () => {
    const bob = { creatorId: 'acme', userId: 'bob' };
    const sizes = [1, 31, 2, 32, 3, 33, 1, 100, 7];
    let top = 0;
    for (const size of sizes) {
      await store().commit([write('acme', 'bob', top + size, top + size, top + 1)]);
      top += size;
    }
    const all = Array.from({ length: top }, (_, at) => at + 1);
    for (let seq = 0; seq <= top + 1; seq += 1) {
      const [forwards, backwards] = await Promise.all([
        store().page(bob, { afterSeq: seq, limit: 5 }),
        store().page(bob, { beforeSeq: seq, limit: 5 }),
      ]);
      expect(forwards.map((message) => message.seq)).toEqual(all.slice(seq, seq + 5));
      const below = all.slice(0, Math.max(0, seq - 1));
      expect(backwards.map((message) => message.seq)).toEqual(below.slice(-5));
    }
  });

  test('does not mix creators or people whose ids begin alike', async () => {
    const keys = [
      ['a', 'b'],
      ['a', 'b-c'],
      ['a-b', 'c'],
      ['ab', 'c'],
      ['a', 'bc'],
    ] as const;
    await store().commit(keys.map(([creatorId, userId], at) => write(creatorId, userId, 1, at + 1)));
    for (const [at, [creatorId, userId]] of keys.entries()) {
      const page = await store().page({ creatorId, userId }, { afterSeq: 0, limit: 50 });
      expect(page.map((message) => message.userId)).toEqual(Array(at + 1).fill(`${creatorId}/${userId}`));
      expect((await store().load([{ creatorId, userId }]))[0]?.topSeq).toBe(at + 1);
    }
  });
}

function describeCommit(store: () => MessageStore): void {
  const ann = { creatorId: 'acme', userId: 'ann' };
  const texts = async () => (await store().page(ann, { afterSeq: 0, limit: 100 })).map(({ text }) => text);

  test('keeps any text, to the last code unit', async () => {
    const hard = [
      '\u0000',
      '\ud83d\ude80'.repeat(4_000),
      '\ud800 alone \udc00',
      '"\\\n\u2028',
      "'; DROP TABLE",
      '',
    ];
    const messages = hard.map((text, at) => encodeMessage({ ...message('acme', 'ann', at + 1), text }));
    await store().commit([{ ...write('acme', 'ann', 1, hard.length), messages }]);
    expect(await texts()).toEqual(hard);
  });

  test('gives back exactly the message that was written', async () => {
    const full: StoredMessage = {
      ...message('acme', 'ann', 1),
      role: 'COACH',
      choices: [{ id: 'yes', text: 'Yes' }],
      turnId: 'turn-1',
      sources: [{ documentId: 'd', title: 'T', url: 'https://example.com', quote: 'q' }],
      code: 'model_busy',
      usage: { attempt: 2, model: 'm', promptTokens: 9, answerTokens: 4, firstTextMs: 80, wholeMs: 300 },
    };
    await store().commit([{ ...write('acme', 'ann', 1, 1), messages: [encodeMessage(full)] }]);
    expect(await store().page(ann, { afterSeq: 0, limit: 1 })).toEqual([full]);
  });

  test('written twice changes nothing', async () => {
    const once = write('acme', 'ann', 5, 3);
    await store().commit([once]);
    await store().commit([once]);
    expect(await texts()).toEqual(['1', '2', '3']);
    expect((await store().load([ann]))[0]?.inSeq).toBe(5);
  });

  test('of any size is written whole, and replaces what has its seqs', async () => {
    for (let size = 1; size <= 20; size += 1) {
      const key = { creatorId: 'acme', userId: `u${size}` };
      const old = write('acme', key.userId, 1, size);
      const messages = old.messages.map(({ seq }) =>
        encodeMessage({ ...message('acme', key.userId, seq), text: `new ${seq}` }),
      );
      await store().commit([old]);
      await store().commit([{ ...old, epoch: 2, messages }]);
      const page = await store().page(key, { afterSeq: 0, limit: 50 });
      expect(page.map(({ text }) => text)).toEqual(messages.map(({ seq }) => `new ${seq}`));
    }
  });

  test('that begins amid what is stored replaces it from there', async () => {
    const newer = (fromSeq: number, topSeq: number) =>
      Array.from({ length: topSeq - fromSeq + 1 }, (_, at) =>
        encodeMessage({ ...message('acme', 'ann', fromSeq + at), text: `new ${fromSeq + at}` }),
      );
    await store().commit([write('acme', 'ann', 4, 4)]);
    await store().commit([write('acme', 'ann', 9, 9, 5)]);
    await store().commit([{ ...write('acme', 'ann', 11, 11), messages: newer(3, 11) }]);
    const replaced = Array.from({ length: 9 }, (_, at) => `new ${at + 3}`);
    expect(await texts()).toEqual(['1', '2', ...replaced]);
    await store().commit([write('acme', 'ann', 12, 12, 12)]);
    expect(await texts()).toEqual(['1', '2', ...replaced, '12']);
    await store().commit([{ ...write('acme', 'ann', 12, 12), messages: newer(5, 6), epoch: 2 }]);
    expect(await texts()).toEqual(['1', '2', ...replaced, '12']);
  });

  test('of a late zombie changes neither row nor messages, and the rest of it is written', async () => {
    await store().commit([{ ...write('acme', 'ann', 9, 3), epoch: 2 }]);
    const zombie = { ...write('acme', 'ann', 8, 3), epoch: 1, state: '{"zombie":true}' };
    const messages = [encodeMessage({ ...message('acme', 'ann', 2), text: 'other' })];
    await store().commit([{ ...zombie, messages }, write('acme', 'bob', 8, 1)]);
    expect(await texts()).toEqual(['1', '2', '3']);
    const [row, bob] = await store().load([ann, { creatorId: 'acme', userId: 'bob' }]);
    expect(row).toMatchObject({ state: '{}', inSeq: 9, epoch: 2 });
    expect(bob?.topSeq).toBe(1);
  });

  test('lets a newer owner write the same position again', async () => {
    await store().commit([{ ...write('acme', 'ann', 4, 2), state: '{"z":1}' }]);
    await store().commit([{ ...write('acme', 'ann', 4, 1), state: '{"a":2}', epoch: 2 }]);
    expect(await store().load([ann])).toEqual([{ state: '{"a":2}', inSeq: 4, epoch: 2, topSeq: 1 }]);
    await store().commit([write('acme', 'ann', 5, 3, 2)]);
    expect(await texts()).toEqual(['1', '2', '3']);
  });

  test('made at once for many partitions all arrive, in the order made', async () => {
    await Promise.all(
      Array.from({ length: 32 }, (_, at) =>
        store().commit([write('acme', `u${at}`, 1, 20), write('acme', 'ann', at + 1, at + 1, at + 1)]),
      ),
    );
    expect((await texts()).length).toBe(32);
    const rows = await store().load(
      Array.from({ length: 32 }, (_, at) => ({ creatorId: 'acme', userId: `u${at}` })),
    );
    expect(rows.every((row) => row?.topSeq === 20)).toBe(true);
  });

  test('takes 5,000 messages of one conversation, and nothing at all', async () => {
    await store().commit([]);
    await store().commit([write('acme', 'ann', 1, 5_000)]);
    expect((await store().page(ann, { afterSeq: 4_990, limit: 100 })).length).toBe(10);
  });
}

/** A write with the messages from `fromSeq` to `topSeq`. The text of each is its seq. */
export function write(
  creatorId: string,
  userId: string,
  inSeq: number,
  topSeq: number,
  fromSeq = 1,
): ConversationWrite {
  const messages = Array.from({ length: topSeq - fromSeq + 1 }, (_, at) =>
    encodeMessage(message(creatorId, userId, fromSeq + at)),
  );
  return { creatorId, userId, inSeq, topSeq, epoch: 1, state: '{}', messages };
}

function message(creatorId: string, userId: string, seq: number): StoredMessage {
  return {
    seq,
    id: `id-${seq}`,
    role: 'USER',
    text: String(seq),
    atMs: 1_000,
    userId: `${creatorId}/${userId}`,
  };
}
