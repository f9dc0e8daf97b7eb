import type { Creator, KnowledgeDocument } from './creator.ts';

/**
 * What creators configured. The whole table of creators is held in memory and watched live, so that reads are
 * plain look-ups; documents are held only by who asks for them with `watchDocuments`. `catalog-nats.ts` keeps
 * it in NATS KV bucket `catalog`, `catalog-memory.ts` is the twin for tests; both pass `catalog.contract.ts`.
 */
export interface Catalog {
  /** The creator and the version (KV revision) of this value; undefined when there is none. */
  creator(creatorId: string): { readonly creator: Creator; readonly version: number } | undefined;
  /** Every creatorId there is. */
  creatorIds(): readonly string[];
  /** Writes; throws Fault `bad_request` when the value does not have the schema. */
  putCreator(creator: Creator): Promise<void>;
  putDocument(document: KnowledgeDocument): Promise<void>;
  deleteDocument(creatorId: string, documentId: string): Promise<void>;
  /** Every document of one creator, read at this moment, in order of documentId. */
  documents(creatorId: string): Promise<readonly KnowledgeDocument[]>;
  /**
   * Calls `onChange` with every document there is, then with each that changes (`document` undefined:
   * deleted). Resolves once all that exist were given.
   */
  watchDocuments(onChange: (change: DocumentChange) => void): Promise<void>;
  close(): Promise<void>;
}

export interface DocumentChange {
  readonly creatorId: string;
  readonly documentId: string;
  readonly document: KnowledgeDocument | undefined;
}
