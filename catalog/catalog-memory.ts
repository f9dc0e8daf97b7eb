import type { Catalog, DocumentChange, Put, StoredCreator } from './catalog.ts';
import { checkedCreator, checkedDocument } from './checked.ts';
import type { Creator, KnowledgeDocument } from './creator.ts';

/** A catalog that lives and dies with the process: for tests and for commands that need no server. */
export function createMemoryCatalog(): Catalog {
  return new MemoryCatalog();
}

class MemoryCatalog implements Catalog {
  readonly #creators = new Map<string, StoredCreator>();
  readonly #documents = new Map<string, KnowledgeDocument>();
  readonly #watchers = new Set<(change: DocumentChange) => void>();
  #version = 0;

  creator(creatorId: string): StoredCreator | undefined {
    return this.#creators.get(creatorId);
  }

  creatorIds(): readonly string[] {
    return [...this.#creators.keys()];
  }

  async putCreator(given: Creator, condition?: { readonly ifVersion: number }): Promise<Put> {
    const stored = this.#creators.get(given.creatorId);
    const creator = checkedCreator(given, stored?.creator);
    const { version = 0 } = stored ?? {};
    if (condition !== undefined && condition.ifVersion !== version) return { at: 'outdated', version };
    this.#version += 1;
    this.#creators.set(creator.creatorId, { creator, version: this.#version });
    return { at: 'written', version: this.#version };
  }

  async putDocument(document: KnowledgeDocument): Promise<void> {
    const checked = checkedDocument(document);
    const { creatorId, documentId } = checked;
    this.#documents.set(`${creatorId}/${documentId}`, checked);
    this.#tell({ creatorId, documentId, document: checked });
  }

  async deleteDocument(creatorId: string, documentId: string): Promise<void> {
    if (!this.#documents.delete(`${creatorId}/${documentId}`)) return;
    this.#tell({ creatorId, documentId, document: undefined });
  }

  async documents(creatorId: string): Promise<readonly KnowledgeDocument[]> {
    const own = [...this.#documents.values()].filter((document) => document.creatorId === creatorId);
    return own.sort((a, b) => (a.documentId < b.documentId ? -1 : 1));
  }

  async watchDocuments(onChange: (change: DocumentChange) => void): Promise<void> {
    this.#watchers.add(onChange);
    for (const document of this.#documents.values()) {
      onChange({ creatorId: document.creatorId, documentId: document.documentId, document });
    }
  }

  async close(): Promise<void> {
    this.#watchers.clear();
  }

  #tell(change: DocumentChange): void {
    for (const watcher of this.#watchers) watcher(change);
  }
}
