import { expect, test } from 'vitest';
import { checkArrows, checkLayers } from './arrows.ts';
import { checkTable } from './documented.ts';
import { checkHops } from './hops.ts';
import { checkLengths } from './lengths.ts';
import { checkLinks } from './links.ts';
import { checkPurity } from './purity.ts';
import type { SourceFile } from './source-file.ts';
import { checkEnvironment, checkWords } from './words.ts';

/** Each test gives a rule a file that it should refuse and a file that it should accept. */
const file = (path: string, text: string): SourceFile => ({ path, text });

test('checkArrows() refuses an undeclared import, a missing arrow, and a path into another folder', () => {
  const declared = () => ['@rapport/proto', '@rapport/actors', '@rapport/inference'];
  const check = (path: string, text: string) => checkArrows([file(path, text)], declared);
  expect(check('gateway/a.ts', `import { x } from '@rapport/proto/codes.ts';`)).toEqual([]);
  expect(check('gateway/a.ts', `import { x } from '@rapport/stream/inbox.ts';`)).toEqual([
    'gateway/a.ts imports @rapport/stream/inbox.ts: it is not in the dependencies of its package.json',
  ]);
  expect(check('gateway/a.ts', `import '@rapport/actors/decide.ts';`)).toHaveLength(1);
  expect(check('gateway/a.ts', `import { x } from '../proto/codes.ts';`)).toHaveLength(1);
  expect(check('gateway/a.ts', `await import('../proto/codes.ts');`)).toHaveLength(1);
  expect(check('gateway/a/b.ts', `import { x } from '../c.ts';`)).toEqual([]);
  expect(check('gateway/a.ts', `import { x } from '@rapport/proto/codes';`)).toHaveLength(1);
  expect(check('gateway/a.ts', `// import { x } from '../proto/codes.ts';`)).toEqual([]);
});

test('checkArrows() opens one door from actors to inference, and fixtures to tests', () => {
  const declared = () => ['@rapport/inference'];
  const check = (path: string, text: string) => checkArrows([file(path, text)], declared);
  expect(check('actors/a.ts', `import { x } from '@rapport/inference/client.ts';`)).toEqual([]);
  expect(check('actors/a.ts', `import { x } from '@rapport/inference/model.ts';`)).toHaveLength(1);
  expect(check('actors/a.test.ts', `import { x } from '@rapport/tools/rapport-fixture.ts';`)).toEqual([]);
  expect(check('actors/a.ts', `import { x } from '@rapport/tools/rapport-fixture.ts';`)).toHaveLength(1);
});

test('checkLayers() refuses an import that goes up, and a folder without a place', () => {
  const check = (path: string, text: string) => checkLayers([file(path, text)]);
  expect(check('gateway/http/a.ts', `import { x } from '../sockets/b.ts';`)).toEqual([]);
  expect(check('gateway/http/a.ts', `import { x } from './b.ts';`)).toEqual([]);
  expect(check('gateway/sockets/a.ts', `import type { X } from '../http/b.ts';`)).toEqual([
    'gateway/sockets/a.ts imports ../http/b.ts: sockets stands below http',
  ]);
  expect(check('gateway/sockets/a.test.ts', `import { x } from '../http/b.ts';`)).toEqual([]);
  expect(check('gateway/elsewhere/a.ts', `import { x } from '../http/b.ts';`)).toHaveLength(1);
  expect(check('actors/a.ts', `import { x } from './b/c.ts';`)).toEqual([]);
});

test('checkPurity() refuses clocks, chance, waiting and foreign imports; not in comments or tests', () => {
  const check = (text: string, name = 'decide.ts') =>
    checkPurity([file(`actors/conversation/${name}`, text)]);
  expect(check(`import { state } from './state.ts';\n// The Date comes from the log.`)).toEqual([]);
  expect(check('const now = Date.now();')).toEqual([
    'actors/conversation/decide.ts mentions Date: it must be pure',
  ]);
  expect(check('const chance = Math.random();')).toHaveLength(1);
  expect(check('export async function decide() { await nothing; }')).toHaveLength(2);
  expect(check(`import { readFileSync } from 'node:fs';`)).toHaveLength(1);
  expect(check(`import { z } from 'zod';\nimport { s } from '../state.ts';`, 'parts/p.ts')).toEqual([]);
  expect(check(`import { s } from '../../host.ts';`, 'parts/p.ts')).toHaveLength(1);
  expect(check(`import { s } from '../host.ts';`)).toHaveLength(1);
  expect(check('const now = Date.now();', 'decide.test.ts')).toEqual([]);
  expect(check('const now = performance.now();', 'decide.bench.ts')).toEqual([]);
  expect(checkPurity([file('actors/worker.ts', 'const now = Date.now();')])).toEqual([]);
});

test('checkLengths() refuses a line of 111 characters and a file of 301 lines', () => {
  expect(checkLengths([file('a/b.ts', 'x'.repeat(110))])).toEqual([]);
  expect(checkLengths([file('a/b.ts', 'x'.repeat(111))])).toEqual([
    'a/b.ts:1 has 111 characters: 110 at most',
  ]);
  expect(checkLengths([file('a/b.ts', 'x\n'.repeat(300))])).toEqual([]);
  expect(checkLengths([file('a/b.ts', 'x\n'.repeat(301))])).toHaveLength(1);
  expect(checkLengths([file('a/b.test.ts', 'x\n'.repeat(600))])).toEqual([]);
  expect(checkLengths([file('a/b.test.ts', 'x\n'.repeat(601))])).toHaveLength(1);
});

test('checkWords() refuses empty names, forgotten notes and places of one machine', () => {
  expect(checkWords([file('gateway/utils.ts', '')])).toHaveLength(1);
  expect(checkWords([file('gateway/socket-manager.ts', '')])).toHaveLength(1);
  expect(checkWords([file('gateway/socket.ts', '// TODO: later')])).toHaveLength(1);
  expect(checkWords([file('gateway/socket.ts', '// TODO(slow readers lose deltas): later')])).toEqual([]);
  expect(checkWords([file('README.md', `see https://registry.${'example'}.org/x`)])).toHaveLength(1);
  expect(checkWords([file('README.md', `cd /${'work'}/here`)])).toHaveLength(1);
});

test('checkEnvironment() refuses process.env outside config.ts, and lets it be handed on', () => {
  const read = 'const port = process.env.PORT;';
  expect(checkEnvironment([file('gateway/socket.ts', read)])).toHaveLength(1);
  expect(checkEnvironment([file('gateway/config.ts', read)])).toEqual([]);
  expect(checkEnvironment([file('gateway/socket.test.ts', read)])).toEqual([]);
  expect(checkEnvironment([file('tools/start.ts', read)])).toEqual([]);
  expect(checkEnvironment([file('gateway/main.ts', 'readOptions(gatewayOptions, process.env)')])).toEqual([]);
  expect(checkEnvironment([file('stream/a.ts', 'run({ env: { ...process.env } })')])).toEqual([]);
});

test('checkHops() refuses a missing hop and a hop that says another place', () => {
  const way = Array.from({ length: 12 }, (_, at) =>
    file(
      `gateway/hop-${'abcdefghijkl'[at]}.ts`,
      `// Hop ${at + 1} of 12: gateway/hop-${'abcdefghijkl'[at]} - moves.`,
    ),
  );
  expect(checkHops(way)).toEqual([]);
  expect(checkHops(way.slice(1))).toEqual(['No file says it is hop 1 of 12']);
  const lost = file('actors/worker.ts', '// Hop 1 of 12: gateway/worker - reads.');
  expect(checkHops([...way, lost])).toHaveLength(1);
  const aside = file('inference/client.ts', '// Hop 9 of 12, aside: inference/client - asks.');
  expect(checkHops([...way, aside])).toEqual([]);
  const silent = file('actors/worker.ts', '// Hop 1: reads.');
  expect(checkHops([...way, silent])).toHaveLength(1);
});

test('checkLinks() refuses a link to no file and to no heading', () => {
  const target = file('docs/protocol.md', '# The protocol\n## Say & receipt\n');
  const check = (text: string) =>
    checkLinks([file('README.md', text), target], (path) => ['README.md', 'docs/protocol.md'].includes(path));
  expect(check('[it](docs/protocol.md#say--receipt), [out](https://example.com/x)')).toEqual([]);
  expect(check('[it](docs/protocols.md)')).toEqual([
    'README.md links to docs/protocols.md: there is no docs/protocols.md',
  ]);
  expect(check('[it](docs/protocol.md#receipts)')).toHaveLength(1);
  expect(check('`[no](link.md)`')).toEqual([]);
});

test('checkTable() refuses a missing row, an unknown row and a different value', () => {
  const text = '## Limits\n\n| limit | default |\n|---|---|\n| `frameBytesMax` | 65,536 |\n\n## Next\n';
  const check = (wanted: Record<string, string[]>) =>
    checkTable({ path: 'p.md', text }, 'Limits', new Map(Object.entries(wanted)));
  expect(check({ frameBytesMax: ['65536'] })).toEqual([]);
  expect(check({ frameBytesMax: ['1'] })).toEqual(['p.md, Limits: the row of frameBytesMax should say 1']);
  expect(check({ frameBytesMax: [], pingMs: [] })).toEqual(['p.md, Limits: pingMs is missing']);
  expect(check({})).toEqual(['p.md, Limits: frameBytesMax is not in the code']);
  expect(checkTable({ path: 'p.md', text }, 'Codes', new Map())).toEqual(['p.md has no section "Codes"']);
});
