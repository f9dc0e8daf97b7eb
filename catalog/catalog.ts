import type { Creator, KnowledgeDocument } from './creator.ts';

/** A value, and the version under which it is stored: the KV revision. */
export interface StoredCreator {
  readonly creator: Creator;
  readonly version: number;
}

/** `outdated`: the creator has another version by now (0: there is none), and nothing was written. */
export type Put =
  | { readonly at: 'written'; readonly version: number }
  | { readonly at: 'outdated'; readonly version: number };

/**
 * What creators configured. The whole table of creators is held in memory and watched live, so that reads are
 * plain look-ups. Documents are held only by processes that ask for them with `watchDocuments`.
 * `catalog-nats.ts` keeps the catalog in NATS KV bucket `catalog`, `catalog-memory.ts` is the twin for tests;
 * both pass `catalog.contract.ts`. Writing is strict, reading is lenient: `checked.ts`, `stored.ts`.
 */
export interface Catalog {
  /**
   * Undefined when there is none. Where the newest value cannot be read, the last good one stays in force.
   */
  creator(creatorId: string): StoredCreator | undefined;
  /** Every creatorId there is. */
  creatorIds(): readonly string[];
  /**
   * Writes by compare-and-set. With `ifVersion`, only over that version (0: only where there is none). Fields
   * of the stored value that this process does not know stay as they are. Throws Fault `bad_request` when the
   * value does not have the schema.
   */
  putCreator(creator: Creator, condition?: { readonly ifVersion: number }): Promise<Put>;
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
