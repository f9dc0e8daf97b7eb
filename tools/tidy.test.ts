import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codes } from '@rapport/proto/codes.ts';
import { limits } from '@rapport/proto/limits.ts';
import { expect, test } from 'vitest';
import { checkArrows, checkLayers } from './tidy/arrows.ts';
import { checkTable } from './tidy/documented.ts';
import { checkHops } from './tidy/hops.ts';
import { checkLengths } from './tidy/lengths.ts';
import { checkLinks } from './tidy/links.ts';
import { checkPurity } from './tidy/purity.ts';
import { projectFiles } from './tidy/source-file.ts';
import { checkEnvironment, checkWords } from './tidy/words.ts';

const root = join(import.meta.dirname, '..');
const files = projectFiles(root);
const protocol = { path: 'docs/protocol.md', text: readFileSync(join(root, 'docs/protocol.md'), 'utf8') };

function declaredBy(folder: string): readonly string[] {
  const manifest: { dependencies?: object; devDependencies?: object } = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  );
  return Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
}

test('the project has files to check', () => {
  expect(files.length).toBeGreaterThan(100);
});

test('folders import each other only along the arrows, as their package.json declares', () => {
  expect(checkArrows(files, declaredBy)).toEqual([]);
});

test('inside a workspace with layers every import goes down', () => {
  expect(checkLayers(files)).toEqual([]);
});

test('the conversation actor is pure', () => {
  expect(checkPurity(files)).toEqual([]);
});

test('lines and files are short', () => {
  expect(checkLengths(files)).toEqual([]);
});

test('nothing is named for nothing, forgotten, or bound to one machine', () => {
  expect(checkWords(files)).toEqual([]);
});

test('only config.ts reads the environment', () => {
  expect(checkEnvironment(files)).toEqual([]);
});

test('the twelve hops of a message say where they are', () => {
  expect(checkHops(files)).toEqual([]);
});

test('the links of the documents lead somewhere', () => {
  expect(checkLinks(files, (path) => existsSync(join(root, path)))).toEqual([]);
});

test('docs/protocol.md lists the codes as they are', () => {
  const wanted = Object.entries(codes).map(([code, entry]) => {
    const close = 'close' in entry ? [String(entry.close)] : [];
    return [code, [entry.retry, ...close, String(entry.http)]] as const;
  });
  expect(checkTable(protocol, 'Codes', new Map(wanted))).toEqual([]);
});

test('docs/protocol.md lists the limits as they are', () => {
  // The row of a limit also names its window.
  const ownRow = Object.entries(limits).filter(
    ([name, value]) => !protocol.text.includes(`\`${name}\` (${value})`),
  );
  const wanted = ownRow.map(([name, value]) => [name, [String(value)]] as const);
  expect(checkTable(protocol, 'Limits', new Map(wanted))).toEqual([]);
});
