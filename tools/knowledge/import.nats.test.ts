import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Catalog } from '@rapport/catalog/catalog.ts';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { startTestNats, type TestNats } from '@rapport/stream/nats-fixture.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNatsUrl } from '../nats-url-file.ts';

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

function run(...args: string[]) {
  return runWith({ NATS_URL: nats.url }, ...args);
}

async function runWith(env: Readonly<Record<string, string>>, ...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'import.ts'), ...args], {
    env: { ...process.env, NATS_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [out, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { out, errors, status };
}

async function inCatalog<T>(read: (catalog: Catalog) => T): Promise<Awaited<T>> {
  const log = createLog({ name: 'import-test', level: 'silent' });
  const nc = await connectNats({ url: nats.url, name: 'import-test', log });
  const catalog = await openNatsCatalog(nc, log);
  const found = await read(catalog);
  await catalog.close();
  await nc.close();
  return found;
}

const documentsOf = (creatorId: string) => inCatalog((catalog) => catalog.documents(creatorId));
const creatorOf = (creatorId: string) => inCatalog((catalog) => catalog.creator(creatorId)?.creator);

describe('npm run knowledge', () => {
  it('imports a folder for a new creator, writes only what changed, deletes only when told to', async () => {
    const args = ['--creator', 'ada', '--from', folder];
    expect(await run(...args)).toMatchObject({
      status: 1,
      errors: expect.stringContaining('--name NAME creates it'),
    });
    expect((await run(...args, '--name', 'Ada', '--origin', '*')).out).toBe(
      'ada: created, 3 written, 0 unchanged, 0 deleted\n' +
        'not read, because only .md, .markdown, .txt files are: picture.png\n',
    );
    expect(await documentsOf('ada')).toEqual([
      expect.objectContaining({ documentId: 'about', title: 'About', topic: '', text: 'About us.' }),
      expect.objectContaining({ documentId: 'naps-rests', title: 'Naps', topic: 'Sleep', url: '/naps' }),
      expect.objectContaining({ documentId: 'sleep-about', title: 'About sleep' }),
    ]);

    await writeFile(join(folder, 'sleep', 'about.md'), '# About sleep\n\nIt matters a lot.');
    await rm(join(folder, 'sleep', 'Naps & Rests.md'));
    expect((await run(...args)).out).toMatch(/^ada: 1 written, 1 unchanged, 0 deleted\n/);
    expect((await run(...args, '--delete-missing')).out).toMatch(/^ada: 0 written, 2 unchanged, 1 deleted\n/);
  });

  it('gives each path its own document, and is at rest when it runs again', async () => {
    const pages = await mkdtemp(join(tmpdir(), 'rapport-import-ids-'));
    const names = ['a b.md', 'a-b.md', 'A B.md', 'Café.md', 'cafe.md', '睡眠.md', `${'n'.repeat(64)}1.md`];
    for (const name of [...names, `${'n'.repeat(64)}2.md`])
      await writeFile(join(pages, name), `About ${name}`);
    const args = ['--creator', 'ed', '--from', pages];
    expect((await run(...args, '--name', 'Ed', '--origin', '*')).out).toMatch(/^ed: created, 8 written, /);
    expect(await run(...args)).toMatchObject({
      out: 'ed: 0 written, 8 unchanged, 0 deleted\n',
      status: 0,
      errors: '',
    });
    const texts = (await documentsOf('ed')).map(({ text }) => text);
    expect(new Set(texts).size).toBe(8);
    await rm(pages, { recursive: true });
  });

  it('leaves out by name what it cannot use, imports the rest, and then deletes nothing', async () => {
    const pages = await mkdtemp(join(tmpdir(), 'rapport-import-left-'));
    for (const name of ['good.md', 'later.md']) await writeFile(join(pages, name), `About ${name}`);
    await mkdir(join(pages, '.git'));
    const args = ['--creator', 'flo', '--from', pages, '--delete-missing'];
    await run(...args, '--name', 'Flo', '--origin', '*');
    await writeFile(join(pages, 'later.md'), Buffer.from('Über', 'latin1'));
    await rm(join(pages, 'good.md'));
    await writeFile(join(pages, 'new.MD'), '\ufeff---\ntitle: New\n---\nNews.');
    expect(await run(...args)).toEqual({
      out:
        'flo: 1 written, 0 unchanged, 0 deleted\nNothing is deleted while a file is left out.\n' +
        'not read, because only .md, .markdown, .txt files are: .git\n',
      errors: 'left out later.md: it is neither UTF-8 nor UTF-16 with a byte order mark; save it as UTF-8\n',
      status: 1,
    });
    expect((await documentsOf('flo')).map(({ title }) => title)).toEqual(['Good', 'Later', 'New']);
    await rm(pages, { recursive: true });
  });

  it('creates nobody whom no site may embed', async () => {
    const args = ['--creator', 'bo', '--from', folder, '--name', 'Bo'];
    expect(await run(...args)).toMatchObject({ status: 1, errors: expect.stringContaining("--origin '*'") });
    expect((await run(...args, '--origin', 'bo.example')).errors).toContain('Cannot use --origin bo.example');
    expect(await creatorOf('bo')).toBeUndefined();
  });

  it('sets what it is told of a creator, and changes only that later', async () => {
    const args = ['--creator', 'cy', '--from', folder];
    const personality = join(folder, 'cy-personality.text');
    await writeFile(personality, 'You are Cy.\n');
    const sites = ['--origin', 'https://cy.example/', '--origin', 'http://localhost:3000'];
    await run(...args, '--name', 'Cy', ...sites, '--personality', personality);
    const greeting = 'Hello, this is Cy. I know about sleep. What is on your mind?';
    const made = { name: 'Cy', personality: 'You are Cy.', greeting, answering: 'coach' };
    const allowedOrigins = ['https://cy.example', 'http://localhost:3000'];
    expect(await creatorOf('cy')).toMatchObject({ ...made, allowedOrigins });

    const again = await run(...args, '--greeting', 'Hi.', '--answering', 'people', '--origin', '*');
    expect(again.out).toMatch(/^cy: settings changed, 0 written/);
    const changed = { greeting: 'Hi.', answering: 'people', allowedOrigins: ['*'] };
    expect(await creatorOf('cy')).toMatchObject({ ...made, ...changed });
    expect((await run(...args, '--greeting', 'Hi.')).out).toMatch(/^cy: 0 written/);
  });

  it('sets a follow-up, keeps it through later imports, and takes it away', async () => {
    const args = ['--creator', 'di', '--from', folder];
    const followUp = ['--follow-up', 'Still there?', '--follow-up-after', '3600'];
    await run(...args, '--name', 'Di', '--origin', '*', ...followUp);
    const set = { followUp: { afterSeconds: 3600, text: 'Still there?' } };
    expect((await run(...args)).out).toMatch(/^di: 0 written/);
    expect(await creatorOf('di')).toMatchObject(set);
    expect((await run(...args, '--follow-up', 'Hm?')).errors).toMatch(/belong together/);
    expect((await run(...args, '--follow-up', 'Hm?', '--follow-up-after', '0')).status).toBe(1);
    expect(await creatorOf('di')).toMatchObject(set);
    expect((await run(...args, '--follow-up', 'off')).out).toMatch(/^di: settings changed/);
    expect(await creatorOf('di')).not.toHaveProperty('followUp');
    expect((await run(...args, '--follow-up', 'off')).out).toMatch(/^di: 0 written/);
  });

  it('sets other parts, keeps them through later imports, and switches them off', async () => {
    const args = ['--creator', 'ed', '--from', folder];
    const welcome = { afterDays: 30, text: 'Good to see you again.' };
    const part = ['--part', `welcome-back=${JSON.stringify(welcome)}`];
    await run(...args, '--name', 'Ed', '--origin', '*', ...part);
    expect((await run(...args)).out).toMatch(/^ed: 0 written/);
    expect(await creatorOf('ed')).toMatchObject({ parts: { 'welcome-back': welcome } });
    expect(await run(...args, '--part', 'hypnosis={}')).toMatchObject({
      status: 1,
      errors: expect.stringContaining('NAME one of welcome-back'),
    });
    expect((await run(...args, '--part', 'welcome-back=off')).out).toMatch(/^ed: settings changed/);
    expect(await creatorOf('ed')).not.toHaveProperty('parts');
  });

  it('finds the Rapport that runs on the data folder, and says when there is none', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'rapport-import-data-'));
    const args = ['--creator', 'ada', '--from', folder];
    const none = `Rapport is not running on ${dataDir}; start it with npm start, or set NATS_URL`;
    expect((await runWith({ DATA_DIR: dataDir }, ...args)).errors).toBe(`${none}\n`);
    writeNatsUrl(dataDir, 'nats://127.0.0.1:1'); // As one leaves it that was killed.
    expect((await runWith({ DATA_DIR: dataDir }, ...args)).errors).toMatch(none);
    writeNatsUrl(dataDir, nats.url);
    expect(await runWith({ DATA_DIR: dataDir }, ...args)).toMatchObject({ status: 0, errors: '' });
    await rm(dataDir, { recursive: true });
  });

  it('says in one sentence what it can not do', async () => {
    expect((await run('--from', folder)).errors).toMatch(/^Cannot import for --creator \(not given\)/);
    expect(await run('--creator', 'ada', '--from', '/nowhere')).toMatchObject({
      status: 1,
      errors:
        'Cannot import from /nowhere: --from should name a folder with pages, ' +
        'and there is none of that name\n',
    });
    expect((await run('--creator', 'ada', '--from', import.meta.filename)).errors).toContain(
      'this is a file',
    );
    const empty = await mkdtemp(join(tmpdir(), 'rapport-import-empty-'));
    expect((await run('--creator', 'ada', '--from', empty)).errors).toBe(
      `Cannot import from ${empty}: it holds no .md, .markdown, .txt file that can be used\n`,
    );
    await rm(empty, { recursive: true });
    expect((await run('--creator', 'ada', '--form', folder)).errors).toContain('--form');
    const told = ['--creator', 'ada', '--from', folder];
    expect((await run(...told, '--answering', 'nobody')).errors).toContain('--answering nobody');
    expect((await run(...told, '--personality', 'gone.md')).errors).toContain('gone.md');
    expect(await run('--help')).toMatchObject({ status: 0, out: expect.stringContaining('NATS_URL') });
  });
});
