import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readKnowledge } from './knowledge-folder.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rapport-knowledge-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(path: string, content: string | Uint8Array = `About ${path}.`): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
}

/** The ids of what was read, and what the report was told. */
async function readAll() {
  const leftOut: Record<string, string> = {};
  const passedOver: string[] = [];
  const documents = await readKnowledge(folder, {
    creatorId: 'ada',
    origin: 'import',
    report: {
      leaveOut: (path, why) => {
        leftOut[path] = why;
      },
      passOver: (path) => passedOver.push(path),
    },
  });
  return { ids: documents.map(({ documentId }) => documentId), leftOut, passedOver };
}

test('every ending counts, whatever its case, and what is no knowledge is passed over', async () => {
  for (const path of [
    'a.md',
    'B.MD',
    'c.markdown',
    'd.TXT',
    'e.png',
    'node_modules/f.md',
    '.git/g.md',
    '.h.md',
  ])
    await put(path);
  expect(await readAll()).toEqual({
    ids: ['b', 'a', 'c', 'd'],
    leftOut: {},
    passedOver: ['.git', '.h.md', 'e.png', 'node_modules'],
  });
});

test('a file that cannot be used is left out by name, and the others are read', async () => {
  await put('empty.md', '');
  await put('latin.md', Buffer.from('Über', 'latin1'));
  await put('good.md');
  await put('huge.md');
  await truncate(join(folder, 'huge.md'), 600 * 1024 * 1024);
  expect(await readAll()).toEqual({
    ids: ['good'],
    leftOut: {
      'empty.md': 'it is empty',
      'huge.md': 'it has 629,145,600 bytes, 1,048,576 at most',
      'latin.md': 'it is neither UTF-8 nor UTF-16 with a byte order mark; save it as UTF-8',
    },
    passedOver: [],
  });
});

test('links are followed, and a loop is read once', async () => {
  await put('a/one.md');
  await put('b/two.md');
  await symlink('..', join(folder, 'a', 'up'));
  await symlink(join(folder, 'b'), join(folder, 'a', 'twin'));
  await symlink('nowhere', join(folder, 'broken.md'));
  await symlink(join(folder, 'a', 'one.md'), join(folder, 'three.md'));
  const { ids, leftOut } = await readAll();
  expect(ids).toEqual(['one', 'two', 'three']);
  expect(leftOut).toEqual({
    'a/up': 'it is the folder . again',
    b: 'it is the folder a/twin again',
    'broken.md': expect.stringContaining('ENOENT'),
  });
});

test.runIf(process.getuid?.() !== 0)('what may not be read is left out by name', async () => {
  await put('closed/one.md');
  await put('two.md');
  await chmod(join(folder, 'closed'), 0o000);
  await chmod(join(folder, 'two.md'), 0o000);
  const { leftOut } = await readAll();
  await chmod(join(folder, 'closed'), 0o700);
  expect(Object.keys(leftOut)).toEqual(['closed', 'two.md']);
});

test('without a report, a file that cannot be used throws its name', async () => {
  await put('empty.md', '');
  const reading = readKnowledge(folder, { creatorId: 'ada', origin: 'demo' });
  await expect(reading).rejects.toThrow('Cannot read empty.md as a document: it is empty');
});
