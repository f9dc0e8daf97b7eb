import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { helpText, integer } from '@rapport/runtime/options.ts';
import { expect, test } from 'vitest';
import { envExample, settingsOf } from './env-example.ts';
import { root } from './gate/step.ts';

test('settingsOf() reads what --help prints', () => {
  const options = { PAGE_SIZE: integer(50, 'Messages of one page.', { min: 1, max: 200 }) };
  const printed = helpText({ use: 'node x.ts', does: 'Shows pages.', options });
  expect(settingsOf(printed)).toEqual([{ name: 'PAGE_SIZE', fallback: '50', doc: 'Messages of one page.' }]);
});

test('.env.example shows every setting with its default; `npm run generate` writes it', async () => {
  expect(await readFile(join(root, '.env.example'), 'utf8')).toBe(await envExample());
}, 60_000);
