import { idPattern } from '@rapport/proto/identity.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { documentIds } from './document-ids.ts';

const idsOf = (...paths: string[]) =>
  documentIds(paths).map((one) => ('meets' in one ? one : one.documentId));

test('documentIds() are the names, with folders only where two files share one', () => {
  expect(idsOf('Naps & Rests.md', 'about.txt', 'sleep/about.md', 'sleep/Über Naps.md')).toEqual([
    'naps-rests',
    'about',
    'sleep-about',
    'uber-naps',
  ]);
});

test.each([
  [
    ['a b.md', 'a-b.md'],
    ['a-b', 'a-b-'],
  ],
  [
    ['Café.md', 'cafe.md'],
    ['cafe', 'cafe-'],
  ],
  [
    ['x/a b.md', 'x/A B.md', 'x/a-b.md'],
    ['x-a-b', 'x-a-b-', 'x-a-b-'],
  ],
  [
    ['a.md', 'a.txt'],
    ['a', 'a-'],
  ],
  [
    ['睡眠.md', '食事.md'],
    ['file-', 'file-'],
  ],
  [['_.md'], ['file-']],
  [
    [`${'n'.repeat(64)}1.md`, `${'n'.repeat(64)}2.md`],
    ['n'.repeat(64), `${'n'.repeat(55)}-`],
  ],
])('documentIds() of %j differ', (paths, heads) => {
  const ids = idsOf(...paths);
  expect(new Set(ids).size).toBe(paths.length);
  expect(ids).toEqual(
    heads.map((head) => (head.endsWith('-') ? expect.stringMatching(`^${head}[0-9a-f]{8}$`) : head)),
  );
});

test('documentIds() names the file that has the id where even the hash is taken', () => {
  const [, hashed] = idsOf('a b.md', 'a-b.md');
  const crafted = `${hashed}.md`;
  expect(idsOf('a b.md', crafted, 'a-b.md')).toEqual(['a-b', hashed, { path: 'a-b.md', meets: crafted }]);
});

test('documentIds() are well formed, differ, and are the same each time', () => {
  const name = fc.string({
    unit: fc.constantFrom('a', 'A', 'é', '-', '_', ' ', '睡', '.', '1'),
    minLength: 1,
  });
  const path = fc.tuple(name, name).map(([folder, file]) => `${folder}/${file}.md`);
  fc.assert(
    fc.property(fc.uniqueArray(path), (paths) => {
      const ids = documentIds(paths.toSorted()).flatMap((one) => ('meets' in one ? [] : [one.documentId]));
      expect(new Set(ids).size).toBe(paths.length);
      for (const id of ids) expect(id).toMatch(idPattern);
      expect(documentIds(paths.toSorted())).toEqual(documentIds(paths.toSorted()));
    }),
  );
});
