import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { startTestNats, type TestNats } from '@rapport/stream/nats-fixture.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNatsCatalog } from './catalog-nats.ts';
import type { KnowledgeDocument } from './creator.ts';

let nats: TestNats;
let folder: string;
beforeAll(async () => {
  nats = await startTestNats();
  folder = await mkdtemp(join(tmpdir(), 'rapport-import-'));
  await mkdir(join(folder, 'sleep'));
  await writeFile(
    join(folder, 'sleep', 'Naps & Rests.md'),
    '---\ntitle: "Naps"\nurl: /naps\n---\nNap well.\n',
  );
  await writeFile(join(folder, 'about.txt'), 'About us.');
  await writeFile(join(folder, 'sleep', 'about.md'), '# About sleep\n\nIt matters.');
  await writeFile(join(folder, 'picture.png'), 'not text');
});
afterAll(async () => {
  await nats.stop();
  await rm(folder, { recursive: true });
});

async function run(...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'import.ts'), ...args], {
    env: { ...process.env, NATS_URL: nats.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [out, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { out, errors, status };
}

async function documentsOf(creatorId: string): Promise<readonly KnowledgeDocument[]> {
  const log = createLog({ name: 'import-test', level: 'silent' });
  const nc = await connectNats({ url: nats.url, name: 'import-test', log });
  const catalog = await openNatsCatalog(nc, log);
  const documents = await catalog.documents(creatorId);
  await catalog.close();
  await nc.close();
  return documents;
}

describe('npm run knowledge', () => {
  it('imports a folder for a new creator, writes only what changed, deletes only when told to', async () => {
    const args = ['--creator', 'ada', '--from', folder];
    expect(await run(...args)).toMatchObject({
      status: 1,
      errors: expect.stringContaining('--name NAME creates it'),
    });
    expect((await run(...args, '--name', 'Ada')).out).toBe('ada: 3 written, 0 unchanged, 0 deleted\n');
    expect(await documentsOf('ada')).toEqual([
      expect.objectContaining({ documentId: 'about', title: 'About', topic: '', text: 'About us.' }),
      expect.objectContaining({ documentId: 'naps-rests', title: 'Naps', topic: 'Sleep', url: '/naps' }),
      expect.objectContaining({ documentId: 'sleep-about', title: 'About sleep' }),
    ]);

    await writeFile(join(folder, 'sleep', 'about.md'), '# About sleep\n\nIt matters a lot.');
    await rm(join(folder, 'sleep', 'Naps & Rests.md'));
    expect((await run(...args)).out).toBe('ada: 1 written, 1 unchanged, 0 deleted\n');
    expect((await run(...args, '--delete-missing')).out).toBe('ada: 0 written, 2 unchanged, 1 deleted\n');
  });

  it('says in one sentence what it can not do', async () => {
    expect((await run('--from', folder)).errors).toMatch(/^Cannot import for --creator \(not given\)/);
    expect((await run('--creator', 'ada', '--from', '/nowhere')).errors).toContain('/nowhere');
    expect((await run('--creator', 'ada', '--form', folder)).errors).toContain('--form');
    expect(await run('--help')).toMatchObject({ status: 0, out: expect.stringContaining('NATS_URL') });
  });
});
