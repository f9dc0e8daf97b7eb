import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './step.ts';
import { longestFiles } from './suites.ts';

test('every file that starts first is there', () => {
  expect(longestFiles.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
