import { parentPort } from 'node:worker_threads';
import { indexedPassagesOf } from './indexed-passage.ts';
import { serveDocuments } from './serve-documents.ts';

// The thread in which documents are read: started by DocumentReader, ended by it when a document takes too
// long.
if (parentPort !== null) serveDocuments(parentPort, indexedPassagesOf);
