import { existsSync } from 'node:fs';
import { program } from '../gate/step.ts';

/**
 * Makes sure that there is a Chromium for the browser tests: installs it where that is one command and we
 * may, which is as root on Debian. Throws a sentence when there is none.
 */
export async function provideChromium(): Promise<void> {
  if (await isThere()) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) await install();
  if (await isThere()) return;
  throw new Error('there is no Chromium; install it, so that it is at /usr/bin/chromium');
}

async function install(): Promise<void> {
  console.log('Installing Chromium ...');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await program('apt-get', ['update', '-qq'], { env });
  await program('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env });
}

async function isThere(): Promise<boolean> {
  try {
    await program('/usr/bin/chromium', ['--version']);
    return true;
  } catch {
    return false;
  }
}
