import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Ends a child process when this process is killed. The child does not notice that; a shell beside it does,
 * because the shell's input ends. Nothing may depend on it: without a shell the child stays.
 */
export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const watcher = spawn('sh', ['-c', 'read -r _; kill "$0"', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.on('error', () => {}); // There is no shell: the next start ends the leftover child.
  watcher.unref();
  child.once('close', () => watcher.kill('SIGKILL'));
}
