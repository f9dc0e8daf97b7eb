import { Worker } from 'node:worker_threads';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { WorkerBatch, WorkerRequest } from './document-job.ts';
import type { IndexedPassage } from './indexed-passage.ts';

export interface DocumentReaderOptions {
  readonly clock: Clock;
  /** The thread's time for one document; a document that takes longer is given up. */
  readonly documentMs: number;
  /** The module that runs in the thread. */
  readonly worker?: URL;
}

/** More than the largest document takes, far less than what a process has. */
const workerHeapMibMax = 512;

/** The thread that reads a document failed, or took too long and was ended. */
class DocumentUnreadable extends Error {}

interface Hearing {
  readonly answered: (batch: WorkerBatch) => void;
  readonly failed: (what: string, cause?: unknown) => void;
}

/** Reads documents in a thread of its own, so that a slow one delays no answer. One document at a time. */
export class DocumentReader {
  readonly #options: DocumentReaderOptions;
  #worker: Worker | undefined;
  /** The request that the worker works on. */
  #hearing: Hearing | undefined;

  constructor(options: DocumentReaderOptions) {
    this.#options = options;
  }

  /** The document's passages, some at a time. Throws DocumentUnreadable. */
  async *read(document: KnowledgeDocument): AsyncIterable<readonly IndexedPassage[]> {
    const { clock, documentMs } = this.#options;
    let leftMs = documentMs;
    let request: WorkerRequest = { kind: 'document', document };
    for (let last = false; !last; request = { kind: 'next' }) {
      const askedAtMs = clock.monotonicMs();
      const batch = await this.#ask(request, leftMs);
      leftMs -= clock.monotonicMs() - askedAtMs;
      yield batch.passages;
      last = batch.last;
    }
  }

  /** Ends the thread; the next document begins another. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  async #ask(request: WorkerRequest, withinMs: number): Promise<WorkerBatch> {
    const { clock, documentMs } = this.#options;
    const heard = new AbortController();
    try {
      return await new Promise<WorkerBatch>((resolve, reject) => {
        const failed = (what: string, cause?: unknown) => reject(new DocumentUnreadable(what, { cause }));
        this.#hearing = { answered: resolve, failed };
        clock.sleep(Math.max(1, withinMs), heard.signal).then(
          () => failed(`reading it took longer than ${documentMs} ms`),
          () => {}, // The thread answered in time.
        );
        this.#running().postMessage(request);
      });
    } catch (failure) {
      await this.close();
      throw failure;
    } finally {
      heard.abort();
      this.#hearing = undefined;
    }
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#options.worker ?? new URL('./document-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: workerHeapMibMax },
    });
    worker.unref();
    worker.on('message', (batch: WorkerBatch) => {
      if (this.#worker === worker) this.#hearing?.answered(batch);
    });
    // A thread that was given up may still fail or end: that concerns no later document.
    const failed = (what: string, cause?: unknown) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#hearing?.failed(what, cause);
    };
    worker.on('error', (failure) => failed('the thread that reads it failed', failure));
    worker.on('exit', () => failed('the thread that reads it ended'));
    this.#worker = worker;
    return worker;
  }
}
