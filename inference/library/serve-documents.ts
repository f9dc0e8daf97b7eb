import type { MessagePort } from 'node:worker_threads';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import type { WorkerBatch, WorkerRequest } from './document-job.ts';
import type { IndexedPassage } from './indexed-passage.ts';

/** Passages of one message to the main thread, which reads it in about a millisecond. */
const passagesPerBatchMax = 16;

/** Answers the requests that come in by `port`. Runs in the worker thread, one document at a time. */
export function serveDocuments(
  port: MessagePort,
  passagesOf: (document: KnowledgeDocument) => Iterable<IndexedPassage>,
): void {
  let passages: Iterator<IndexedPassage> = [][Symbol.iterator]();
  port.on('message', (request: WorkerRequest) => {
    if (request.kind === 'document') passages = passagesOf(request.document)[Symbol.iterator]();
    port.postMessage(batchOf(passages));
  });
}

function batchOf(rest: Iterator<IndexedPassage>): WorkerBatch {
  const passages: IndexedPassage[] = [];
  while (passages.length < passagesPerBatchMax) {
    const next = rest.next();
    if (next.done === true) return { passages, last: true };
    passages.push(next.value);
  }
  return { passages, last: false };
}
