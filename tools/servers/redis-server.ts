import { existsSync } from 'node:fs';
import { program } from '../gate/step.ts';

/**
 * Makes sure that there is a redis-server on the PATH for the tests that need one: installs it where that is
 * one command and we may, which is as root on Debian. Throws a sentence when there is none.
 */
export async function provideRedis(): Promise<void> {
  if (await isThere()) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) await install();
  if (await isThere()) return;
  throw new Error('there is no redis-server; install it, so that it is on the PATH');
}

async function install(): Promise<void> {
  console.log('Installing redis-server ...');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await program('apt-get', ['update', '-qq'], { env });
  await program('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'redis-server'], { env });
}

async function isThere(): Promise<boolean> {
  try {
    await program('redis-server', ['--version']);
    return true;
  } catch {
    return false;
  }
}
