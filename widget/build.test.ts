import { readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildWidget, widgetBundle, widgetGzipBytes, widgetGzipBytesMax } from './build.ts';

test('the widget is one small file that reads nothing received as HTML', async () => {
  await buildWidget();
  expect(await widgetGzipBytes()).toBeLessThan(widgetGzipBytesMax);
  expect(await readFile(widgetBundle, 'utf8')).not.toMatch(
    /innerHTML|insertAdjacentHTML|outerHTML|document\.write/,
  );
});

test('widget.js.gz and widget.js.br unpack to widget.js, and both are smaller', async () => {
  await buildWidget();
  const script = await readFile(widgetBundle);
  const [gzip, brotli] = await Promise.all(
    ['gz', 'br'].map((suffix) => readFile(`${widgetBundle}.${suffix}`)),
  );
  expect(gunzipSync(gzip ?? '')).toEqual(script);
  expect(brotliDecompressSync(brotli ?? '')).toEqual(script);
  expect(brotli?.length).toBeLessThan(gzip?.length ?? 0);
  expect(gzip?.length).toBeLessThan(script.length / 2);
});

test('a source in any folder that is newer than the bundle makes it anew', async () => {
  await buildWidget();
  const source = join(import.meta.dirname, 'sdk', 'uuid.ts');
  const { mtime } = await stat(source);
  const [builtAt, changedAt] = [Date.now() + 5_000, Date.now() + 10_000].map((ms) => new Date(ms));
  if (!builtAt || !changedAt) throw new Error('two times');
  for (const suffix of ['', '.gz', '.br']) await utimes(`${widgetBundle}${suffix}`, builtAt, builtAt);
  await utimes(source, changedAt, changedAt);
  await buildWidget().finally(() => utimes(source, mtime, mtime));
  expect((await stat(widgetBundle)).mtimeMs).toBeLessThan(builtAt.getTime());
});
