import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentOf } from '@rapport/catalog/catalog.contract.ts';
import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { demoFolder, seedDemo } from './seed-demo.ts';

describe('seedDemo()', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rapport-demo-'));
    await cp(demoFolder, folder, { recursive: true });
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('puts the creator and every document of the folder, with what its front matter says', async () => {
    const catalog = createMemoryCatalog();
    const result = await seedDemo(catalog, { folder });
    const nap = (await catalog.documents('demo')).find(({ documentId }) => documentId === 'naps');
    expect(catalog.creator('demo')?.creator.answering).toBe('coach');
    expect(result.written).toBeGreaterThan(20);
    expect(nap).toMatchObject({ topic: 'Sleep basics', url: '/learn/naps', origin: 'demo' });
    expect(nap?.text).not.toContain('topic:');
  });

  it('writes nothing the second time', async () => {
    const catalog = createMemoryCatalog();
    const first = await seedDemo(catalog, { folder });
    const putCreator = vi.spyOn(catalog, 'putCreator');
    expect(await seedDemo(catalog, { folder })).toEqual({ written: 0, unchanged: first.written, deleted: 0 });
    expect(putCreator).not.toHaveBeenCalled();
  });

  it('lets the coach follow up after the seconds it is given, and no more without them', async () => {
    const catalog = createMemoryCatalog();
    await seedDemo(catalog, { folder, followUpSeconds: 5 });
    expect(catalog.creator('demo')?.creator.followUp).toMatchObject({ afterSeconds: 5 });
    await seedDemo(catalog, { folder });
    expect(catalog.creator('demo')?.creator).not.toHaveProperty('followUp');
  });

  it('writes what changed, deletes what left the folder and leaves what others wrote', async () => {
    const catalog = createMemoryCatalog();
    const first = await seedDemo(catalog, { folder });
    await catalog.putDocument(documentOf('demo', 'by-hand', 'Written in the dashboard.'));
    await rm(join(folder, 'knowledge', 'sleep-basics', 'naps.md'));
    await writeFile(join(folder, 'knowledge', 'new.md'), '# A new thing\n\nIt is new.');
    expect(await seedDemo(catalog, { folder })).toEqual({
      written: 1,
      unchanged: first.written - 1,
      deleted: 1,
    });
    const ids = (await catalog.documents('demo')).map(({ documentId }) => documentId);
    expect(ids).toContain('by-hand');
    expect(ids).toContain('new');
    expect(ids).not.toContain('naps');
  });
});
