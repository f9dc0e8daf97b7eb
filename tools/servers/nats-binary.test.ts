import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findNatsServer, isNewEnough } from './nats-binary.ts';

const log = { info: () => {} };
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rapport-binary-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function pretend(path: string, version: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\necho "nats-server: v${version}"\n`);
  await chmod(path, 0o755);
  return path;
}

test('isNewEnough() takes 2.12 and what came after it', () => {
  expect(isNewEnough('nats-server: v2.12.0')).toBe(true);
  expect(isNewEnough('nats-server: v2.14.6')).toBe(true);
  expect(isNewEnough('nats-server: v3.0.1')).toBe(true);
  expect(isNewEnough('nats-server: v2.11.9')).toBe(false);
  expect(isNewEnough('nats-server: v1.99.0')).toBe(false);
  expect(isNewEnough('command not found')).toBe(false);
});

test('findNatsServer() takes the given binary before any other', async () => {
  const given = await pretend(join(dir, 'mine'), '2.12.3');
  expect(await findNatsServer({ toolsDir: dir, log, given })).toBe(given);
});

test('findNatsServer() refuses a given binary that is too old, and names it', async () => {
  const given = await pretend(join(dir, 'old'), '2.9.0');
  await expect(findNatsServer({ toolsDir: dir, log, given })).rejects.toThrow(
    `Cannot use the nats-server at ${given}`,
  );
});
