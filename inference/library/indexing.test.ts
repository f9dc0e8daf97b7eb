import type { Catalog, DocumentChange } from '@rapport/catalog/catalog.ts';
import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { checkedDocument } from '@rapport/catalog/checked.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { libraryOf, napDocument } from '../testing/fixture.ts';
import { IndexQueue } from './index-queue.ts';
import type { Library, LibraryOptions } from './library.ts';

const worker = new URL('../testing/slow-worker-fixture.ts', import.meta.url);
const never = new AbortController().signal;
const open: Library[] = [];
afterEach(async () => {
  for (const library of open.splice(0)) await library.close();
});

const document = (documentId: string, text: string, creatorId = 'ada') =>
  checkedDocument({ creatorId, documentId, title: documentId, text });

/** A library that follows a catalog of these documents, and what it logged. */
async function following(
  documents: readonly ReturnType<typeof document>[],
  more: Partial<LibraryOptions> = {},
) {
  const catalog = createMemoryCatalog();
  for (const each of documents) await catalog.putDocument(each);
  const log = createLog({ name: 'test', level: 'silent' });
  const warned = vi.spyOn(log, 'warn').mockReturnValue(undefined);
  const library = libraryOf({ worker, log, documentMs: 1_000, ...more });
  open.push(library);
  await library.follow(catalog);
  return { catalog, library, warned };
}

const idsOf = (library: Library, query: string, creatorId = 'ada') =>
  library.find(creatorId, query).matches.map(({ passage }) => passage.documentId);

describe('Library', () => {
  it.each([
    ['takes longer than its time', 'RUNS FOR EVER', 'more than 1000 ms'],
    ['makes the thread throw', 'THROWS', 'Cannot read this'],
    ['fills the memory of the thread', 'FILLS MEMORY', 'memory'],
    ['ends the thread', 'ENDS', 'ended'],
  ])(
    'skips a document that %s, names it, counts it, and indexes the rest',
    async (_what, text, reason) => {
      const slow = document('bad', `This one ${text}`);
      const more = text === 'FILLS MEMORY' ? { documentMs: 30_000 } : {};
      const { library, warned } = await following(
        [document('one', 'Naps help.'), slow, document('two', 'Walks help.')],
        more,
      );
      await library.settled();
      expect(idsOf(library, 'naps')).toEqual(['one']);
      expect(idsOf(library, 'walks')).toEqual(['two']);
      expect(library.skipped).toBe(1);
      expect(warned).toHaveBeenCalledExactlyOnceWith(
        expect.objectContaining({
          creatorId: 'ada',
          documentId: 'bad',
          reason: expect.stringContaining(reason),
        }),
        expect.any(String),
      );
    },
    40_000,
  );

  it('waits for a document that a busy machine gives no core, beyond its own time', async () => {
    const { library } = await following([document('one', 'Naps help. GETS NO CORE')], { documentMs: 500 });
    await library.settled();
    expect(idsOf(library, 'naps')).toEqual(['one']);
    expect(library.skipped).toBe(0);
  });

  it('keeps the event loop free while a document takes for ever', async () => {
    const { library } = await following([document('bad', 'RUNS FOR EVER')]);
    let longestMs = 0;
    let beforeMs = performance.now();
    const timer = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - beforeMs);
      beforeMs = performance.now();
    }, 5);
    await library.settled();
    clearInterval(timer);
    expect(longestMs).toBeLessThan(250);
  });

  it('drops what a document said before when its new text cannot be read', async () => {
    const { catalog, library } = await following([napDocument]);
    await library.settled();
    await catalog.putDocument({ ...napDocument, text: 'THROWS' });
    await library.settled();
    expect(library.passageCount()).toBe(0);
    expect(library.find('ada', 'naps').matches).toEqual([]);
  });

  it('answers from the old text until all of the new text is indexed', async () => {
    const { catalog, library } = await following([napDocument]);
    await library.settled();
    const siesta = Array.from({ length: 300 }, (_, at) => `## Siesta ${at}\n\nA siesta is short.`).join(
      '\n\n',
    );
    await catalog.putDocument({ ...napDocument, text: siesta });
    let before = 0;
    let done = false;
    const indexed = library.settled().then(() => {
      done = true;
    });
    while (!done) {
      const naps = library.find('ada', 'twenty minutes of deep sleep').matches.length;
      const siestas = library.find('ada', 'siesta').matches.length;
      expect([naps > 0, siestas > 0]).toEqual([siestas === 0, naps === 0]);
      before += naps > 0 ? 1 : 0;
      await new Promise((resolve) => setImmediate(resolve));
    }
    await indexed;
    expect(before).toBeGreaterThan(3);
    expect(idsOf(library, 'siesta')).toContain('naps');
  });
});

describe('Library.ready()', () => {
  it("waits for the creator's first index, and for no other creator's", async () => {
    const { library } = await following([document('bad', 'RUNS FOR EVER', 'eve'), napDocument]);
    await library.ready('ada', never);
    expect(idsOf(library, 'naps')).toContain('naps');
    await library.ready('nobody', never);
    expect(library.waiting + library.skipped).toBeLessThanOrEqual(1);
  });

  it('throws model_busy after waitMs, and the reason of a signal that aborts', async () => {
    const { library } = await following([document('bad', 'RUNS FOR EVER')], {
      documentMs: 2_000,
      waitMs: 50,
    });
    await expect(library.ready('ada', never)).rejects.toMatchObject({ code: 'model_busy' });
    const stop = new AbortController();
    const waiting = library.ready('ada', stop.signal);
    stop.abort(new Error('the person said stop'));
    await expect(waiting).rejects.toThrow('the person said stop');
    await library.settled();
    await library.ready('ada', never); // Skipped: nothing is missing any more.
  });

  it('takes no creator for ready before the catalog has named all documents', async () => {
    const library = libraryOf({ worker, waitMs: 50 });
    open.push(library);
    const listed = Promise.withResolvers<void>();
    const catalog: Pick<Catalog, 'watchDocuments'> = { watchDocuments: () => listed.promise };
    const followed = library.follow(catalog);
    await expect(library.ready('ada', never)).rejects.toMatchObject({ code: 'model_busy' });
    const waiting = library.ready('ada', never);
    listed.resolve();
    await waiting;
    await followed;
  });

  it('does not wait for documents that change later', async () => {
    const { catalog, library } = await following([napDocument]);
    await library.settled();
    await catalog.putDocument(document('bad', 'RUNS FOR EVER'));
    await library.ready('ada', never);
    expect(idsOf(library, 'naps')).toContain('naps');
  });
});

describe('IndexQueue', () => {
  const change = (creatorId: string, documentId: string): DocumentChange => ({
    creatorId,
    documentId,
    document: undefined,
  });

  it('takes next the creator whose documents took least time, and its oldest change', () => {
    const queue = new IndexQueue();
    for (const id of ['1', '2', '3']) queue.add(change('eve', id));
    for (const id of ['1', '2']) queue.add(change('ada', id));
    const order: string[] = [];
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      order.push(`${next.creatorId}/${next.documentId}`);
      queue.spent(next.creatorId, next.creatorId === 'eve' ? 5_000 : 10);
    }
    expect(order).toEqual(['eve/1', 'ada/1', 'ada/2', 'eve/2', 'eve/3']);
  });

  it('keeps the newest of several changes of a document', () => {
    const queue = new IndexQueue();
    queue.add({ ...change('ada', '1'), document: napDocument });
    queue.add(change('ada', '1'));
    expect(queue.size).toBe(1);
    expect(queue.take()?.document).toBeUndefined();
    expect(queue.take()).toBeUndefined();
  });
});
