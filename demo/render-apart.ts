import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Half a second at most for 256 KiB on a slow machine; the thread itself takes some 50 ms to begin. */
const renderWithinMs = 5_000;
/** The parser builds a token for each mark of the text. */
const heapMebibytesMax = 256;

/**
 * Renders Markdown in a thread of its own, so that a long document delays nobody. Undefined when it takes
 * longer than `withinMs` or needs too much memory.
 */
export async function renderApart(markdown: string, withinMs = renderWithinMs): Promise<string | undefined> {
  const worker = new Worker(new URL('./markdown-worker.ts', import.meta.url), {
    workerData: markdown,
    resourceLimits: { maxOldGenerationSizeMb: heapMebibytesMax },
  });
  try {
    const [html] = await once(worker, 'message', { signal: AbortSignal.timeout(withinMs) });
    return String(html);
  } catch {
    return undefined; // Its time is up, or the worker ran out of memory.
  } finally {
    await worker.terminate();
  }
}
