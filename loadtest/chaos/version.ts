import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WrongArgument } from '@rapport/runtime/arguments.ts';

/** Another version's code, in a folder of its own, ready to run. */
export interface Version {
  readonly root: string;
  readonly commit: string;
}

const here = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const outputBytesMax = 1024 ** 3;

/** The oldest commit whose processes live beside those of this tree: package.json says it. */
export async function compatibleFrom(root = here): Promise<string> {
  const { compatibleFrom: commit }: { compatibleFrom?: string } = await manifestOf(root);
  if (commit === undefined) throw new Error('Cannot tell what to upgrade from: package.json does not say it');
  return commit;
}

/**
 * Takes that commit's tree out of this clone, with its packages. It is kept in `.tools/versions`, so that
 * only the first run waits. Throws WrongArgument when this clone has no such commit.
 */
export async function prepareVersion(ref: string, tell: (sentence: string) => void): Promise<Version> {
  const commit = await commitOf(ref);
  const root = join(here, '.tools', 'versions', commit);
  if (existsSync(root)) return { root, commit };
  const making = `${root}.${process.pid}`;
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { recursive: true });
  try {
    tell(`taking ${commit.slice(0, 7)} out of this clone`);
    await takeOut(commit, making);
    if (await hasSameLock(making)) await linkPackages(making);
    else await installPackages(making, tell);
    await rename(making, root);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return { root, commit };
}

async function commitOf(ref: string): Promise<string> {
  try {
    const { stdout } = await run('git', ['rev-parse', '--verify', '--end-of-options', `${ref}^{commit}`], {
      cwd: here,
    });
    return stdout.trim();
  } catch {
    throw new WrongArgument(
      `Cannot upgrade from ${ref}: this clone has no such commit; ` +
        'git fetch --unshallow brings the whole history',
    );
  }
}

async function takeOut(commit: string, into: string): Promise<void> {
  const archive = join(into, 'tree.tar');
  await run('git', ['archive', '--output', archive, commit], { cwd: here });
  await run('tar', ['-xf', archive], { cwd: into });
  await rm(archive);
}

async function hasSameLock(root: string): Promise<boolean> {
  const lockIn = (folder: string) => readFile(join(folder, 'package-lock.json'), 'utf8');
  return (await lockIn(root)) === (await lockIn(here));
}

/** The packages of others are ours; the workspaces are the version's own. */
async function linkPackages(root: string): Promise<void> {
  const modules = join(root, 'node_modules');
  await mkdir(join(modules, '@rapport'), { recursive: true });
  for (const name of await readdir(join(here, 'node_modules'))) {
    if (!name.startsWith('.') && name !== '@rapport')
      await symlink(join(here, 'node_modules', name), join(modules, name));
  }
  const { workspaces = [] } = await manifestOf(root);
  for (const name of workspaces) await symlink(join('..', '..', name), join(modules, '@rapport', name));
}

/** From npm's cache as far as it goes. */
async function installPackages(root: string, tell: (sentence: string) => void): Promise<void> {
  tell('installing its packages');
  const args = ['ci', '--prefer-offline', '--omit=dev', '--no-audit', '--no-fund'];
  await run('npm', args, { cwd: root, maxBuffer: outputBytesMax });
}

async function manifestOf(
  root: string,
): Promise<{ readonly workspaces?: readonly string[]; readonly compatibleFrom?: string }> {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
}
