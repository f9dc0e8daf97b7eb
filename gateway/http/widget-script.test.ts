import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { beforeEach, expect, test } from 'vitest';
import { openTestHttp } from './http-fixture.ts';

let opened: Awaited<ReturnType<typeof openTestHttp>>;
const get = (headers: Record<string, string> = {}) => opened.ask('GET', '/widget.js', { headers });
const write = (name: string, text: string | Buffer) => writeFile(join(opened.folder, name), text);
const packed = { br: brotliCompressSync('plain'), gzip: gzipSync('plain') };

beforeEach(async () => {
  opened = await openTestHttp();
  await write('widget.js', 'plain');
});

test('any site may load the script, also as a module, isolated, or with integrity', async () => {
  expect((await get({ origin: 'https://any.example' })).headers).toMatchObject({
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    'content-type': 'text/javascript; charset=utf-8',
    'x-content-type-options': 'nosniff',
    vary: 'accept-encoding',
  });
});

test.each([
  [undefined, 'plain'],
  ['identity', 'plain'],
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['br;q=0.5, gzip', 'gzip'],
  ['br;q=0, gzip;q=0', 'plain'],
  ['*', 'br'],
  ['*;q=0.1, br;q=0', 'gzip'],
  ['gzip;q=0.2, identity;q=0.9', 'plain'],
  ['GZIP ; Q=0.8', 'gzip'],
  ['x-gzip', 'gzip'],
  ['br;q=2, gzip;q=x', 'plain'],
  [',;=', 'plain'],
])('a client that accepts %j gets the form %s', async (accept, form) => {
  await write('widget.js.br', packed.br);
  await write('widget.js.gz', packed.gzip);
  const answer = await get(accept === undefined ? {} : { 'accept-encoding': accept });
  const encoding = form === 'plain' ? undefined : form;
  const bytes = form === 'br' ? packed.br : form === 'gzip' ? packed.gzip : 'plain';
  expect([answer.headers['content-encoding'], answer.body]).toEqual([encoding, bytes.toString()]);
});

test.each([
  ['of another script', brotliCompressSync('other')],
  ['of a longer script', brotliCompressSync('plain and more')],
  ['that is damaged', Buffer.from('no brotli')],
])('a compressed form %s is not sent, nor one that is not there', async (_what, body) => {
  await write('widget.js.br', body);
  expect((await get({ 'accept-encoding': 'br, gzip' })).body).toBe('plain');
});

test('each form has a tag of its own, and a client that has it is sent nothing', async () => {
  await write('widget.js.br', packed.br);
  const [plain, br] = [await get(), await get({ 'accept-encoding': 'br' })];
  const [plainTag = '', brTag = ''] = [plain.headers.etag, br.headers.etag];
  expect(plainTag).not.toBe(brTag);
  const statusOf = async (tag: string) => (await get({ 'if-none-match': tag })).status;
  for (const tag of [plainTag, `W/${plainTag}`, `"a", ${plainTag}`, `"a",W/${plainTag} , "b"`, '*']) {
    expect([tag, await statusOf(tag)]).toEqual([tag, 304]);
  }
  for (const tag of [brTag, '', '"', plainTag.slice(1), `w/${plainTag}`]) {
    expect([tag, await statusOf(tag)]).toEqual([tag, 200]);
  }
});

test('a script that changed is sent anew', async () => {
  const before = await get();
  await write('widget.js', 'other');
  await utimes(join(opened.folder, 'widget.js'), 9_000, 9_000);
  const after = await get({ 'if-none-match': before.headers.etag ?? '' });
  expect([after.status, after.body]).toEqual([200, 'other']);
});

test('without a built script there is none', async () => {
  const { ask } = await openTestHttp();
  expect((await ask('GET', '/widget.js')).status).toBe(404);
});
