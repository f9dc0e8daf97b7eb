import { describe, expect, it } from 'vitest';
import {
  documentCharsMax,
  hostileDocuments,
  hostileMessages,
  messageCharsMax,
} from './testing/hostile-text.ts';
import { fastestMs, worksOnDocuments, worksOnMessages } from './testing/text-works.ts';

// Every function of this folder that reads what people or documents say, with a text of each class at its
// full size. text-work.bench.ts prints how their time grows.

describe.each([...worksOnMessages])('%s', (_name, work) => {
  it.each([...hostileMessages])('takes less than 10 ms for a message of %s', async (_class, make) => {
    const text = make(messageCharsMax);
    expect(await fastestMs(() => work(text), 10)).toBeLessThan(10);
  });
});

describe.each([...worksOnDocuments])('%s', (_name, work) => {
  // A cubic or quadratic function takes minutes or hours here; a linear one some 0.1 to 1 s.
  it.each([...hostileDocuments])(
    'takes less than 4 s for a document of %s',
    async (_class, make) => {
      const text = make(documentCharsMax);
      expect(await fastestMs(() => work(text), 4_000)).toBeLessThan(4_000);
    },
    60_000,
  );
});
