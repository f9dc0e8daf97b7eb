import { Kvm } from '@nats-io/kv';
import { createLog } from '@rapport/runtime/log.ts';
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
    await vi.waitFor(() => expect(reader.creatorIds()).toEqual(['ada', 'bob']));
    await Promise.all([writer.close(), reader.close()]);
  });

  it('leaves out a value that is not a creator and goes on', async () => {
    await emptyTables();
    const view = await openView();
    const kv = await view.kvm.open('catalog');
    await kv.put('creator.eve', 'not json');
    await kv.put('creator.bob', JSON.stringify({ creatorId: 'bob', name: 'Bob' }));
    await vi.waitFor(() => expect(view.creatorIds()).toEqual(['bob']));
    await view.close();
  });

  it('goes on watching after the server was killed and started again', async () => {
    await emptyTables();
    const view = await openView();
    const changes: DocumentChange[] = [];
    await view.watchDocuments((change) => changes.push(change));
    await view.putDocument(documentOf('ada', 'sleep', 'Sleep well.'));
    await vi.waitFor(() => expect(changes).toHaveLength(1));

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
