import { checkedDocument } from '@rapport/catalog/checked.ts';
import { describe, expect, it } from 'vitest';
import { breadDocument, libraryOf, napDocument, twoCreators } from '../testing/fixture.ts';
import type { Library } from './library.ts';

const idsOf = (library: Library, creatorId: string, query: string) =>
  library.find(creatorId, query).matches.map(({ passage }) => passage.documentId);

describe('Library', () => {
  it("finds a creator's own passages and never another's", async () => {
    const { library } = await twoCreators();
    expect(idsOf(library, 'ada', 'naps and sourdough bread')).toEqual(['naps', 'naps']);
    expect(idsOf(library, 'bob', 'naps and sourdough bread')).toEqual(['bread']);
    expect(library.find('ada', 'sourdough').matches).toEqual([]);
    expect(library.find('nobody', 'naps').matches).toEqual([]);
  });

  it('weighs words by the passages of that creator alone', async () => {
    const { library, catalog } = await twoCreators();
    const before = library.find('ada', 'naps').weights;
    await catalog.putDocument({ ...napDocument, creatorId: 'bob' });
    await library.settled();
    expect(library.find('ada', 'naps').weights).toEqual(before);
  });

  it('follows a change and a deletion while it runs', async () => {
    const { library, catalog } = await twoCreators();
    await catalog.putDocument({ ...napDocument, text: 'A siesta is a short rest after lunch.' });
    await library.settled();
    expect(idsOf(library, 'ada', 'siesta')).toEqual(['naps']);
    expect(idsOf(library, 'ada', 'deep sleep afternoon')).toEqual([]);
    await catalog.deleteDocument('ada', 'naps');
    await library.settled();
    expect(idsOf(library, 'ada', 'siesta nap')).toEqual([]);
    expect(library.retriever('ada')).toBeUndefined();
    expect(idsOf(library, 'bob', 'sourdough')).toEqual(['bread']);
  });

  it('forgives a typo in a long word', async () => {
    const { library } = await twoCreators();
    expect(idsOf(library, 'ada', 'aftrenoon')).toEqual(['naps']);
    expect(idsOf(library, 'bob', 'sourdogh')).toEqual(['bread']);
  });

  it('matches inflected words, other words for the same, and titles above text', async () => {
    const { library } = await twoCreators();
    expect(idsOf(library, 'ada', 'napping')).toContain('naps');
    expect(idsOf(library, 'ada', 'sleeping deeply')).toContain('naps');
    expect(idsOf(library, 'bob', 'baking')).toEqual(['bread']);
  });

  it("answers as LlamaIndex's retriever too", async () => {
    const { library } = await twoCreators();
    const nodes = await library.retriever('ada')?.retrieve({ query: 'How long should a nap be?' });
    expect(nodes?.[0]?.node.metadata).toMatchObject({
      documentId: 'naps',
      heading: 'How long should a nap be?',
    });
    expect(nodes?.[0]?.score).toBeGreaterThan(0);
  });

  it('lets others have their turn while it indexes the largest document', async () => {
    const { catalog } = await twoCreators();
    const library = libraryOf();
    await library.follow(catalog);
    const words = Array.from({ length: 42_000 }, (_, n) => `word${n % 7_000}`)
      .join(' ')
      .slice(0, 250_000);
    const text = words.replace(/((?:\S+ ){100})/g, '$1.\n\n');
    let turns = 0;
    let counting = true;
    const count = () => {
      turns += 1;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    await catalog.putDocument(checkedDocument({ ...breadDocument, documentId: 'large', text }));
    await library.settled();
    counting = false;
    expect(library.passageCount()).toBeGreaterThan(200);
    expect(turns).toBeGreaterThanOrEqual(Math.floor(library.passageCount() / 20) - 1);
  });
});
