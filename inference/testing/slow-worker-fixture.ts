import { parentPort } from 'node:worker_threads';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import { indexedPassagesOf } from '../library/indexed-passage.ts';
import { serveDocuments } from '../library/serve-documents.ts';

// The thread that reads documents, with a fault for each document that asks for it.
if (parentPort !== null) serveDocuments(parentPort, faulty);

function faulty(document: KnowledgeDocument) {
  if (document.text.includes('RUNS FOR EVER')) for (;;);
  if (document.text.includes('THROWS')) throw new Error('Cannot read this');
  if (document.text.includes('FILLS MEMORY'))
    for (const all: unknown[] = []; ; ) all.push(new Array(1_000).fill(all));
  // What a busy machine does: time passes, and the thread gets none of it.
  if (document.text.includes('GETS NO CORE'))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
  if (document.text.includes('ENDS')) process.exit(3);
  return indexedPassagesOf(document);
}
