import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import type { IndexedPassage } from './indexed-passage.ts';

/** To the worker: index this document, or send the next passages of the current document. */
export type WorkerRequest =
  | { readonly kind: 'document'; readonly document: KnowledgeDocument }
  | { readonly kind: 'next' };

/** From the worker, one for each request. `last`: the document has no further passages. */
export interface WorkerBatch {
  readonly passages: readonly IndexedPassage[];
  readonly last: boolean;
}
