import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeScratch } from './scratch.ts';

const script = `
  import { exitOnSignals, makeScratch } from ${JSON.stringify(join(import.meta.dirname, 'scratch.ts'))};
  exitOnSignals();
  await makeScratch('removed').then(({ remove }) => remove());
  const { path } = await makeScratch('left');
  process.stdout.write(path);
  setInterval(() => undefined, 1_000);
`;

test.each(['SIGINT', 'SIGTERM'] as const)('%s leaves no folder behind', async (signal) => {
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = await once(child.stdout, 'data');
  const path = String(printed);
  expect(existsSync(path)).toBe(true);
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(existsSync(path)).toBe(false);
});

test('remove() takes the folder with all that is in it', async () => {
  const { path, remove } = await makeScratch('test');
  await makeScratch('test').then((other) => other.remove());
  expect(existsSync(path)).toBe(true);
  await remove();
  expect(existsSync(path)).toBe(false);
});
