import { writeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

/** The test file that runs now, or that it ended. */
export type Watched = { readonly path: string; readonly withinMs: number } | 'ended';

const stderr = 2;
let timer: NodeJS.Timeout | undefined;

// The thread beside each of Vitest's processes: hang-guard-fixture.ts says why.
parentPort?.on('message', (watched: Watched) => {
  clearTimeout(timer);
  if (watched === 'ended') return;
  timer = setTimeout(() => {
    const seconds = watched.withinMs / 1_000;
    // Not console: a thread prints through the main thread, which hangs.
    writeSync(stderr, `${watched.path} hangs: it did not end within ${seconds} s, so it was killed\n`);
    process.kill(process.pid, 'SIGKILL');
  }, watched.withinMs);
});
