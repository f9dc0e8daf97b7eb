import { expect, test } from 'vitest';
import { toPiece, toResponse } from './piece.ts';

test.each([
  ['/learn/naps', '/learn/naps'],
  ['https://acme.example/naps', 'https://acme.example/naps'],
  ['', ''],
  ['javascript:alert(1)', ''],
])('a source with the url %j reaches the actor host with %j', (url, taken) => {
  const source = { documentId: 'naps', title: 'Naps', quote: 'Nap well.' };
  const piece = toPiece(toResponse({ kind: 'citation', source: { ...source, url } }));
  expect(piece).toEqual({ kind: 'citation', source: { ...source, url: taken } });
});
