import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { hashOf } from '@rapport/runtime/held-file.ts';
import { expect, test } from 'vitest';
import { LearnPages } from './learn-pages.ts';
import { renderApart } from './render-apart.ts';

function template(text: string) {
  return { modifiedMs: 0, body: Buffer.from(text), hash: hashOf(text) };
}

async function pagesOf(...documents: { id: string; title: string; text: string }[]) {
  const catalog = createMemoryCatalog();
  const put = async ({ id, title, text }: { id: string; title: string; text: string }) =>
    await catalog.putDocument({
      creatorId: 'demo',
      documentId: id,
      title,
      url: `/learn/${id}`,
      topic: '',
      text,
      origin: '',
    });
  for (const document of documents) await put(document);
  let nowMs = 0;
  let renders = 0;
  const pages = new LearnPages({
    catalog,
    creatorId: 'demo',
    clock: { ...systemClock, monotonicMs: () => nowMs },
    render: (markdown) => {
      renders += 1;
      return renderApart(markdown, 60_000); // Other programs may use the machine meanwhile.
    },
  });
  return { catalog, pages, put, renders: () => renders, pass: (ms: number) => (nowMs += ms) };
}

test('page() fills the template, also with what looks like a placeholder or a pattern', async () => {
  const { pages } = await pagesOf({
    id: 'naps',
    title: 'Naps {{body}} & $&',
    text: "It costs $1 $' {{title}}.",
  });
  const page = await pages.page('naps', template('<title>{{title}}</title>{{body}}'));
  expect(page?.html).toBe("<title>Naps {{body}} &amp; $&amp;</title><p>It costs $1 $' {{title}}.</p>\n");
  expect(await pages.page('gone', template(''))).toBeUndefined();
});

test('page() renders a version of a document once', async () => {
  const { pages, put, renders, pass } = await pagesOf({ id: 'naps', title: 'Naps', text: 'One.' });
  const asked = await Promise.all([1, 2, 3].map(() => pages.page('naps', template('{{body}}'))));
  expect([new Set(asked.map((page) => page?.html)), renders()]).toEqual([new Set(['<p>One.</p>\n']), 1]);
  await put({ id: 'naps', title: 'Naps', text: 'Two.' });
  pass(10_001);
  expect([(await pages.page('naps', template('{{body}}')))?.html, renders()]).toEqual(['<p>Two.</p>\n', 2]);
});

test('page() shows a document that cannot be rendered in time as plain text', async () => {
  const { catalog } = await pagesOf({ id: 'long', title: 'Long', text: '<b>\n\n*two*' });
  const pages = new LearnPages({
    catalog,
    creatorId: 'demo',
    clock: systemClock,
    render: (markdown) => renderApart(markdown, 0),
  });
  expect((await pages.page('long', template('{{body}}')))?.html).toBe('<p>&lt;b&gt;</p>\n<p>*two*</p>');
});

test('page() reads again at once after a read that failed', async () => {
  const catalog = createMemoryCatalog();
  let away = true;
  const documents = async (creatorId: string) => {
    if (away) throw new Error('away');
    return await catalog.documents(creatorId);
  };
  const pages = new LearnPages({ catalog: { documents }, creatorId: 'demo', clock: systemClock });
  await expect(pages.page('naps', template(''))).rejects.toThrow('away');
  away = false;
  expect(await pages.page('naps', template(''))).toBeUndefined();
});

test('a document that takes long to render costs this thread next to nothing', async () => {
  const { pages } = await pagesOf({ id: 'long', title: 'Long', text: '['.repeat(256 * 1024) });
  // Time of the processor in this thread: other programs may use the machine meanwhile.
  const before = process.threadCpuUsage();
  expect((await pages.page('long', template('{{body}}')))?.html).toContain('[[[[');
  const { user, system } = process.threadCpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(150);
});
