import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { TestClock } from '@rapport/gateway/testing/gateway-fixture.ts';
import { expect, test } from 'vitest';
import { htmlOf, LearnPages } from './learn-pages.ts';

test('htmlOf() makes headings, paragraphs and lists', () => {
  const text = '# One\n\nA\nline.\n\n### Three\n\n- a\n- b\n\n1. x\n2. y';
  expect(htmlOf(text)).toBe(
    [
      '<h2>One</h2>',
      '<p>A line.</p>',
      '<h3>Three</h3>',
      '<ul><li>a</li><li>b</li></ul>',
      '<ol><li>x</li><li>y</li></ol>',
    ].join('\n'),
  );
});

test('htmlOf() lets no markup of a document through', () => {
  for (const text of ['<script>x</script>', '# <img onerror=x>', '- <b>', '1. "\'&']) {
    expect(htmlOf(text)).not.toMatch(/<(?!\/?(p|h2|li|ul|ol)>)|["']/);
  }
});

test('page() fills the template, also with what looks like a pattern of replace()', async () => {
  const catalog = createMemoryCatalog();
  await catalog.putDocument({
    creatorId: 'demo',
    documentId: 'naps',
    title: 'Naps & $& co',
    url: '/learn/naps',
    topic: '',
    text: "It costs $1 $' {{title}}.",
    origin: '',
  });
  const pages = new LearnPages({ catalog, creatorId: 'demo', clock: new TestClock() });
  const page = await pages.page('naps', '<title>{{title}}</title>{{body}}');
  expect(page).toBe('<title>Naps &amp; $&amp; co</title><p>It costs $1 $&#39; {{title}}.</p>');
  expect(await pages.page('gone', '')).toBeUndefined();
});

test('page() reads again at once after a read that failed', async () => {
  const catalog = createMemoryCatalog();
  let away = true;
  const documents = async (creatorId: string) => {
    if (away) throw new Error('away');
    return await catalog.documents(creatorId);
  };
  const pages = new LearnPages({ catalog: { documents }, creatorId: 'demo', clock: new TestClock() });
  await expect(pages.page('naps', '')).rejects.toThrow('away');
  away = false;
  expect(await pages.page('naps', '')).toBeUndefined();
});
