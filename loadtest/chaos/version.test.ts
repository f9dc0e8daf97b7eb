import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { upgradeSteps } from './upgrade.ts';
import { compatibleFrom, prepareVersion } from './version.ts';

const git = async (...args: string[]) => {
  const { stdout } = await promisify(execFile)('git', args, { cwd: join(import.meta.dirname, '..', '..') });
  return stdout.trim();
};
/** A tree without its repository has no other version to run. */
const repository = await git('rev-parse', '--is-shallow-repository').catch(() => 'none');
const made: string[] = [];

afterAll(async () => {
  for (const root of made) await rm(root, { recursive: true, force: true });
});

test.runIf(repository === 'false')(
  'package.json names a commit before this tree as the oldest to upgrade from',
  async () => {
    const commit = await compatibleFrom();
    expect(await git('merge-base', commit, 'HEAD')).toBe(await git('rev-parse', `${commit}^{commit}`));
  },
);

test('a version that the clone does not have is refused in one sentence', async () => {
  const missing = prepareVersion('no-such-ref', () => {});
  await expect(missing).rejects.toThrow(
    'Cannot upgrade from no-such-ref: this clone has no such commit; git fetch --unshallow',
  );
  await expect(prepareVersion('--help', () => {})).rejects.toThrow('this clone has no such commit');
});

test.skipIf(repository === 'none')(
  'a version is taken out whole, and its workspaces are its own',
  async () => {
    const told: string[] = [];
    const { root, commit } = await prepareVersion('HEAD', (sentence) => told.push(sentence));
    if (told.length > 0) made.push(root); // Not there before this test.
    expect(commit).toBe(await git('rev-parse', 'HEAD'));
    expect(existsSync(join(root, 'actors', 'main.ts'))).toBe(true);
    const proto = realpathSync(join(root, 'node_modules', '@rapport', 'proto'));
    expect(proto).toBe(realpathSync(join(root, 'proto')));
    expect(existsSync(join(root, 'node_modules', '@nats-io', 'kv'))).toBe(true);
  },
);

test('readers of the log are replaced first on the way up, and last on the way back', () => {
  const steps = upgradeSteps({ actors: 2, gateways: 2, nats: 'single', history: 'sqlite' });
  const names = (to: string) => steps.filter((step) => step.to === to).map(({ name }) => name);
  const up = ['inference', 'actors', 'actors-2', 'gateway', 'gateway-2'];
  expect(names('new')).toEqual(up);
  expect(names('old')).toEqual(up.toReversed());
  expect(steps.slice(0, up.length).every(({ to }) => to === 'new')).toBe(true);
});
