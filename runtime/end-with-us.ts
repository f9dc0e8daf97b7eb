import { type ChildProcess, spawn } from 'node:child_process';

/**
 * A program that we start does not notice when we are killed. A shell does: its input ends then, and it ends
 * the program. It is a courtesy to the machine; nothing may depend on it.
 */
export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const watcher = spawn('sh', ['-c', 'read -r _; kill "$0"', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.on('error', () => {}); // No shell: whoever starts the program next ends what is left.
  watcher.unref();
  child.once('close', () => watcher.kill('SIGKILL'));
}
