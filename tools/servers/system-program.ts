import { existsSync } from 'node:fs';
import { program } from '../gate/step.ts';

/** A program that tests need and that the system's package manager has. */
export interface SystemProgram {
  /** As people call it. */
  readonly name: string;
  /** The command that tests run. */
  readonly command: string;
  /** Its package on Debian. */
  readonly debian: string;
}

/**
 * Makes sure that the program is there: installs it where that is one command and this user may, which is as
 * root on Debian. Throws a sentence when there is none.
 */
export async function provideProgram({ name, command, debian }: SystemProgram): Promise<void> {
  if (await runs(command)) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) await install(name, debian);
  if (await runs(command)) return;
  throw new Error(`there is no ${name}; install it, so that ${command} runs`);
}

async function install(name: string, debian: string): Promise<void> {
  console.log(`Installing ${name} ...`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await program('apt-get', ['update', '-qq'], { env });
  await program('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debian], { env });
}

async function runs(command: string): Promise<boolean> {
  try {
    await program(command, ['--version']);
    return true;
  } catch {
    return false; // It is not there, which the caller handles.
  }
}
