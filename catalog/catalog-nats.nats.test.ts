import { Kvm } from '@nats-io/kv';
import { createLog, type Log } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { startTestNats, type TestNats } from '@rapport/stream/nats-fixture.ts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { catalogContract, creatorOf, documentOf } from './catalog.contract.ts';
import type { Catalog, DocumentChange } from './catalog.ts';
import { openNatsCatalog } from './catalog-nats.ts';

const log = createLog({ name: 'catalog-test', level: 'silent' });
let nats: TestNats;
beforeAll(async () => {
  nats = await startTestNats();
});
afterAll(async () => {
  await nats.stop();
});

/** A view with a connection of its own, as another process would have it. */
async function openView(): Promise<Catalog & { readonly kvm: Kvm }> {
  const nc = await connectNats({ url: nats.url, name: 'catalog-test', log });
  const catalog = await openNatsCatalog(nc, log);
  const close = catalog.close.bind(catalog);
  return Object.assign(catalog, {
    kvm: new Kvm(nc),
    close: async () => {
      await close();
      await nc.close();
    },
  });
}

/** As a later version may have it. */
function followUp(channel: string) {
  return { afterSeconds: 60, text: 'How did it go?', channel };
}

async function emptyTables(): Promise<void> {
  const view = await openView();
  await (await view.kvm.open('catalog')).destroy();
  await view.close();
}

catalogContract('openNatsCatalog()', async () => {
  await emptyTables();
  return { open: openView };
});

describe('openNatsCatalog()', () => {
  it('has every creator in memory once it is open, and hears of those that others write', async () => {
    await emptyTables();
    const writer = await openView();
    await writer.putCreator(creatorOf('ada', 'Ada'));
    const reader = await openView();
    expect(reader.creator('ada')?.creator.name).toBe('Ada');
    expect(reader.creator('ada')?.version).toBe(writer.creator('ada')?.version);
    await writer.putCreator(creatorOf('bob', 'Bob'));
    await expect.poll(() => reader.creatorIds()).toEqual(['ada', 'bob']);
    await Promise.all([writer.close(), reader.close()]);
  });

  it('serves a creator and a document to which a newer process has added', async () => {
    await emptyTables();
    const view = await openView();
    const kv = await view.kvm.open('catalog');
    const suggestions = Array.from({ length: 20 }, (_, at) => `Question ${at}`);
    const newer = { ...creatorOf('ada', 'Ada'), suggestions, plan: 'gold', followUp: followUp('sms') };
    await kv.put('creator.ada', JSON.stringify(newer));
    await kv.put('document.ada.sleep', JSON.stringify({ ...documentOf('ada', 'sleep', 'x'), lang: 'en' }));
    await vi.waitFor(() => expect(view.creator('ada')?.creator).toEqual(newer));
    expect(await view.documents('ada')).toMatchObject([{ documentId: 'sleep', lang: 'en' }]);
    await kv.put('creator.ada', JSON.stringify({ ...newer, answering: 'a way of a later version' }));
    await vi.waitFor(() => expect(view.creator('ada')?.creator.answering).toBe('people'));
    await view.close();
  });

  it('keeps what a newer process has added when an older one writes the creator', async () => {
    await emptyTables();
    const view = await openView();
    const kv = await view.kvm.open('catalog');
    await kv.put('creator.ada', JSON.stringify({ ...creatorOf('ada', 'Ada'), plan: 'gold' }));
    await vi.waitFor(() => expect(view.creator('ada')).toBeDefined());
    await view.putCreator(creatorOf('ada', 'Ada again'));
    expect(await kv.get('creator.ada').then((entry) => entry?.json())).toMatchObject({
      name: 'Ada again',
      plan: 'gold',
    });
    const read = view.creator('ada')?.creator ?? creatorOf('ada', '');
    await view.putCreator({ ...read, name: 'Read and changed' });
    expect(view.creator('ada')?.creator).toMatchObject({ name: 'Read and changed', plan: 'gold' });
    await view.close();
  });

  it('keeps the last good version where the newest cannot be read, and reports it once', async () => {
    await emptyTables();
    const reports: string[] = [];
    const heard: Log = createLog({ name: 'catalog-test', level: 'silent' });
    vi.spyOn(heard, 'child').mockImplementation((): never => heard as never);
    vi.spyOn(heard, 'error').mockImplementation((what: unknown) => void reports.push(JSON.stringify(what)));
    const nc = await connectNats({ url: nats.url, name: 'catalog-test', log });
    const view = await openNatsCatalog(nc, heard);
    await view.putCreator(creatorOf('ada', 'Ada'));
    const kv = await new Kvm(nc).open('catalog');
    await kv.put('creator.ada', '{"creatorId":"ada","name":7}');
    await vi.waitFor(() => expect(reports).toHaveLength(1));
    expect(reports[0]).toContain('creator.ada');
    await nats.restart();
    await vi.waitFor(() => kv.put('creator.bob', JSON.stringify(creatorOf('bob', 'Bob'))), {
      timeout: 20_000,
    });
    await vi.waitFor(() => expect(view.creatorIds()).toContain('bob'), { timeout: 20_000 });
    expect(view.creator('ada')?.creator.name).toBe('Ada');
    expect(reports).toHaveLength(1);
    expect((await view.putCreator(creatorOf('ada', 'Repaired'))).at).toBe('written');
    await view.close();
    await nc.close();
  });

  it('two that write at once both get theirs in, one after the other', async () => {
    await emptyTables();
    const [one, two] = [await openView(), await openView()];
    await Promise.all([one, two].map((view, at) => view.putCreator(creatorOf('ada', `Writer ${at}`))));
    await vi.waitFor(() => expect(one.creator('ada')).toEqual(two.creator('ada')));
    expect(one.creator('ada')?.version).toBeGreaterThan(1);
    await Promise.all([one.close(), two.close()]);
  });

  it('leaves out a value that is not a creator and goes on', async () => {
    await emptyTables();
    const view = await openView();
    const kv = await view.kvm.open('catalog');
    await kv.put('creator.eve', 'not json');
    await kv.put('creator.bob', JSON.stringify({ creatorId: 'bob', name: 'Bob' }));
    await expect.poll(() => view.creatorIds()).toEqual(['bob']);
    await view.close();
  });

  it('goes on watching after the server was killed and started again', async () => {
    await emptyTables();
    const view = await openView();
    const changes: DocumentChange[] = [];
    await view.watchDocuments((change) => changes.push(change));
    await view.putDocument(documentOf('ada', 'sleep', 'Sleep well.'));
    await expect.poll(() => changes).toHaveLength(1);

    await nats.restart();
    const other = await openView();
    await other.putDocument(documentOf('ada', 'focus', 'Focus well.'));
    await other.putCreator(creatorOf('ada', 'Ada'));
    await vi.waitFor(() => expect(changes.map((change) => change.documentId)).toEqual(['sleep', 'focus']), {
      timeout: 40_000,
    });
    await vi.waitFor(() => expect(view.creator('ada')?.creator.name).toBe('Ada'), { timeout: 40_000 });
    await Promise.all([view.close(), other.close()]);
  });
});
