import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { buildWidget, widgetBundle, widgetGzipBytes, widgetGzipBytesMax } from './build.ts';

test('the widget is one small file that reads nothing received as HTML', async () => {
  await buildWidget();
  expect(await widgetGzipBytes()).toBeLessThan(widgetGzipBytesMax);
  expect(await readFile(widgetBundle, 'utf8')).not.toMatch(
    /innerHTML|insertAdjacentHTML|outerHTML|document\.write/,
  );
});
