import { Worker } from 'node:worker_threads';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { WorkerBatch, WorkerRequest } from './document-job.ts';
import type { IndexedPassage } from './indexed-passage.ts';

export interface DocumentReaderOptions {
  readonly clock: Clock;
  /** The thread's CPU time for one document; a document that takes more is given up. */
  readonly documentMs: number;
  /** The module that runs in the thread. */
  readonly worker?: URL;
}

/** More than the largest document takes, far less than what a process has. */
const workerHeapMibMax = 512;

/**
 * Elapsed time for one document, as a multiple of its CPU time. A busy machine gives the thread only a share
 * of a core, and then a document that is quick to read must not be lost to the coach.
 */
const elapsedFactorMax = 10;
/** A thread that does not even tell its CPU time within this is stuck. */
const cpuTimeWithinMs = 2_000;
/** Between two looks at the CPU time. */
const minimumWaitMs = 50;

/** The thread that reads a document failed, or took too long and was ended. */
class DocumentUnreadable extends Error {}

/** What a document has used before a request: the thread's CPU time at its start, and elapsed time since. */
interface Spent {
  readonly cpuBeforeMs: number;
  readonly askedMs: number;
}

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
    const { clock } = this.#options;
    const toldMs = await this.#cpuMs();
    const cpuBeforeMs = Number.isFinite(toldMs) ? toldMs : 0; // Counted from the thread's own start.
    let askedMs = 0;
    let request: WorkerRequest = { kind: 'document', document };
    for (let last = false; !last; request = { kind: 'next' }) {
      const askedAtMs = clock.monotonicMs();
      const batch = await this.#ask(request, { cpuBeforeMs, askedMs });
      askedMs += clock.monotonicMs() - askedAtMs;
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

  async #ask(request: WorkerRequest, spent: Spent): Promise<WorkerBatch> {
    const { documentMs } = this.#options;
    const heard = new AbortController();
    try {
      return await new Promise<WorkerBatch>((resolve, reject) => {
        const failed = (what: string, cause?: unknown) => reject(new DocumentUnreadable(what, { cause }));
        this.#hearing = { answered: resolve, failed };
        this.#timeIsUp(spent, heard.signal).then(
          () => failed(`reading it took more than ${documentMs} ms of processor time`),
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

  /** Resolves when the document has used up its time; rejects when the thread answered before. */
  async #timeIsUp({ cpuBeforeMs, askedMs }: Spent, signal: AbortSignal): Promise<void> {
    const { clock, documentMs } = this.#options;
    const endMs = elapsedFactorMax * documentMs;
    let waitMs = documentMs - askedMs;
    for (let elapsedMs = askedMs; elapsedMs < endMs; elapsedMs += waitMs) {
      waitMs = Math.max(minimumWaitMs, Math.min(waitMs, endMs - elapsedMs));
      await clock.sleep(waitMs, signal);
      const leftMs = documentMs - ((await this.#cpuMs()) - cpuBeforeMs);
      if (leftMs <= 0) return;
      waitMs = leftMs;
    }
  }

  /** CPU time of the thread so far: 0 without a thread, infinite when the thread does not tell it. */
  async #cpuMs(): Promise<number> {
    const told = new AbortController();
    const usage = this.#worker?.cpuUsage().then(({ user, system }) => (user + system) / 1_000);
    const silence = this.#options.clock.sleep(cpuTimeWithinMs, told.signal).then(() => Infinity);
    try {
      return await Promise.race([usage ?? 0, silence]);
    } catch {
      return 0; // The thread is not running: it has just been made, or it ends and `failed` says so.
    } finally {
      told.abort();
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
