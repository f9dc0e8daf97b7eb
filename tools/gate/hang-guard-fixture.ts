import { relative } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, inject } from 'vitest';
import type { Watched } from './hang-thread.ts';
import { root } from './step.ts';

// A setup file: Vitest runs it before each test file, in the same process (vitest.config.ts).
//
// Vitest's own limits are timers of the process that runs the test. They never fire while a file blocks the
// event loop, and none covers a file that waits before its first test. So a second thread of the process
// kills it when a file takes longer than its suite allows.

declare module 'vitest' {
  interface ProvidedContext {
    /** How long one test file may take. */
    readonly fileWithinMs: number;
  }
}

declare global {
  /** One for each process: unit tests run many files in one. */
  var hangThread: Worker | undefined;
}

globalThis.hangThread ??= startThread();
const path = relative(root, expect.getState().testPath ?? 'a test file');
tell({ path, withinMs: inject('fileWithinMs') });
afterAll(() => tell('ended'));

function startThread(): Worker {
  const thread = new Worker(new URL('./hang-thread.ts', import.meta.url), { execArgv: [] });
  thread.unref(); // It must not keep the process alive.
  return thread;
}

function tell(watched: Watched): void {
  globalThis.hangThread?.postMessage(watched);
}
