import { expect, test } from 'vitest';
import { documentSchema, isLink } from './creator.ts';

test.each([
  ['https://www.acme.example/a?b=c#d', true],
  ['HTTP://acme.example', true],
  ['/learn/naps', true],
  ['/', true],
  ['javascript:alert(1)', false],
  ['JaVaScRiPt:alert(1)', false],
  [' javascript:alert(1)', false],
  ['java\tscript:alert(1)', false],
  ['data:text/html,x', false],
  ['//evil.example', false],
  ['/\\evil.example', false],
  ['https:/\\evil.example', false],
  ['https://', false],
  ['https://a.example/\njavascript:1', false],
  ['www.acme.example', false],
  ['ftp://acme.example', false],
])('isLink(%j) is %s', (url, link) => {
  expect(isLink(url)).toBe(link);
});

test('a document has a link or none', () => {
  const document = { creatorId: 'acme', documentId: 'naps', title: 'Naps', text: 'Nap.' };
  expect(documentSchema.safeParse(document).success).toBe(true);
  expect(documentSchema.safeParse({ ...document, url: '' }).success).toBe(true);
  expect(documentSchema.safeParse({ ...document, url: 'javascript:alert(1)' }).success).toBe(false);
});
