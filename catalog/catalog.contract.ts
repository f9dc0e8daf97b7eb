import { Fault } from '@rapport/runtime/fault.ts';
import { afterEach, describe, expect, it } from 'vitest';
import type { Catalog, DocumentChange } from './catalog.ts';
import { type Creator, creatorSchema, documentSchema, type KnowledgeDocument } from './creator.ts';

/** The tests that every catalog passes. `open` opens one more view of the same, still empty, tables. */
export function catalogContract(name: string, tables: () => Promise<{ open(): Promise<Catalog> }>): void {
  describe(name, () => {
    const opened: Catalog[] = [];
    const openAll = async () => {
      const { open } = await tables();
      return async () => {
        const catalog = await open();
        opened.push(catalog);
        return catalog;
      };
    };
    const openOne = async () => await (await openAll())();
    afterEach(async () => {
      for (const catalog of opened.splice(0)) await catalog.close();
    });

    it('knows no creator at first', async () => {
      const catalog = await openOne();
      expect(catalog.creator('ada')).toBeUndefined();
      expect(catalog.creatorIds()).toEqual([]);
    });

    it('reads what it wrote, with defaults, under a version that grows', async () => {
      const catalog = await openOne();
      await catalog.putCreator(creatorOf('ada', 'Ada'));
      const first = catalog.creator('ada');
      await catalog.putCreator(creatorOf('ada', 'Ada again'));
      const second = catalog.creator('ada');
      expect(first?.creator).toMatchObject({ name: 'Ada', answering: 'coach' });
      expect(second?.creator.name).toBe('Ada again');
      expect(second?.version).toBeGreaterThan(first?.version ?? Number.POSITIVE_INFINITY);
      expect(catalog.creatorIds()).toEqual(['ada']);
    });

    it('writes over the version that was read, and over no other', async () => {
      const catalog = await openOne();
      const first = await catalog.putCreator(creatorOf('ada', 'Ada'), { ifVersion: 0 });
      expect(first).toEqual({ at: 'written', version: catalog.creator('ada')?.version });
      const second = await catalog.putCreator(creatorOf('ada', 'Two'), { ifVersion: first.version });
      const late = await catalog.putCreator(creatorOf('ada', 'Late'), { ifVersion: first.version });
      const again = await catalog.putCreator(creatorOf('ada', 'Again'), { ifVersion: 0 });
      const outdated = { at: 'outdated', version: second.version };
      expect([second.at, late, again]).toEqual(['written', outdated, outdated]);
      expect(catalog.creator('ada')?.creator.name).toBe('Two');
    });

    it('refuses a creator and a document without the schema', async () => {
      const catalog = await openOne();
      const bad = catalog.putCreator({ ...creatorOf('ada', 'Ada'), creatorId: 'Not An Id' });
      await expect(bad).rejects.toSatisfy((fault) => fault instanceof Fault && fault.code === 'bad_request');
      const empty = catalog.putDocument({ ...documentOf('ada', 'sleep', 'x'), text: '' });
      await expect(empty).rejects.toSatisfy(
        (fault) => fault instanceof Fault && fault.code === 'bad_request',
      );
      expect(catalog.creatorIds()).toEqual([]);
    });

    it('gives a watcher every document there is before it resolves, then each change', async () => {
      const catalog = await openOne();
      await catalog.putDocument(documentOf('ada', 'sleep', 'Sleep well.'));
      await catalog.putDocument(documentOf('ada', 'focus', 'Focus well.'));
      const changes: DocumentChange[] = [];
      await catalog.watchDocuments((change) => changes.push(change));
      expect(changes.map((change) => change.documentId).sort()).toEqual(['focus', 'sleep']);

      await catalog.putDocument(documentOf('bob', 'sleep', 'Nap.'));
      await catalog.deleteDocument('ada', 'sleep');
      await expect.poll(() => changes).toHaveLength(4);
      expect(changes[2]?.document).toEqual(documentOf('bob', 'sleep', 'Nap.'));
      expect(changes[3]).toEqual({ creatorId: 'ada', documentId: 'sleep', document: undefined });
    });

    it('gives a later watcher no document that was deleted', async () => {
      const catalog = await openOne();
      await catalog.putDocument(documentOf('ada', 'sleep', 'Sleep well.'));
      await catalog.deleteDocument('ada', 'sleep');
      const documents: KnowledgeDocument[] = [];
      await catalog.watchDocuments(({ document }) => document && documents.push(document));
      expect(documents).toEqual([]);
    });

    it('reads the documents of one creator and of nobody else', async () => {
      const catalog = await openOne();
      await catalog.putDocument(documentOf('ada', 'sleep', 'Sleep well.'));
      await catalog.putDocument(documentOf('ada', 'focus', 'Focus well.'));
      await catalog.putDocument(documentOf('ada-b', 'sleep', 'Nap.'));
      await catalog.putDocument(documentOf('ada', 'gone', 'Gone.'));
      await catalog.deleteDocument('ada', 'gone');
      const own = await catalog.documents('ada');
      expect(own.map((document) => document.documentId)).toEqual(['focus', 'sleep']);
      expect(await catalog.documents('nobody')).toEqual([]);
    });

    it('takes the deletion of what is not there as done', async () => {
      const catalog = await openOne();
      const changes: DocumentChange[] = [];
      await catalog.watchDocuments((change) => changes.push(change));
      await catalog.deleteDocument('ada', 'never-was');
      await catalog.putDocument(documentOf('ada', 'sleep', 'Sleep well.'));
      await expect.poll(() => changes).toHaveLength(1);
      expect(changes[0]?.documentId).toBe('sleep');
    });

    it('tells a closed view nothing more', async () => {
      const open = await openAll();
      const catalog = await open();
      const changes: DocumentChange[] = [];
      await catalog.watchDocuments((change) => changes.push(change));
      await catalog.close();
      const other = await open();
      await other.putDocument(documentOf('ada', 'sleep', 'Sleep well.'));
      const seen: DocumentChange[] = [];
      await other.watchDocuments((change) => seen.push(change));
      await expect.poll(() => seen).toHaveLength(1);
      expect(changes).toEqual([]);
    });
  });
}

export function creatorOf(creatorId: string, name: string): Creator {
  return creatorSchema.parse({ creatorId, name });
}

export function documentOf(creatorId: string, documentId: string, text: string): KnowledgeDocument {
  return documentSchema.parse({ creatorId, documentId, title: documentId, text });
}
