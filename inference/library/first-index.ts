import type { DocumentChange } from '@rapport/catalog/catalog.ts';

/**
 * The documents that are still missing from the first index of each creator. Before the catalog has listed
 * all documents, every creator's index counts as incomplete.
 */
export class FirstIndex {
  readonly #missing = new Map<string, Set<string>>();
  /** Called when a creator's last missing document is there. */
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  #isListed = false;

  /**
   * A document is to be indexed. Once the catalog has listed all existing documents, a change no longer
   * counts.
   */
  add({ creatorId, documentId }: DocumentChange): void {
    if (this.#isListed) return;
    const missing = this.#missing.get(creatorId) ?? new Set();
    this.#missing.set(creatorId, missing.add(documentId));
  }

  /** The catalog has named all documents that there were. */
  listed(): void {
    this.#isListed = true;
    for (const creatorId of this.#waiting.keys()) this.#tell(creatorId);
  }

  /** A document was indexed or skipped. */
  remove({ creatorId, documentId }: DocumentChange): void {
    const missing = this.#missing.get(creatorId);
    missing?.delete(documentId);
    if (missing?.size === 0) this.#missing.delete(creatorId);
    this.#tell(creatorId);
  }

  isDone(creatorId: string): boolean {
    return this.#isListed && !this.#missing.has(creatorId);
  }

  /** Resolves once the creator's first index is complete. */
  async done(creatorId: string): Promise<void> {
    if (this.isDone(creatorId)) return;
    const waiting = this.#waiting.get(creatorId) ?? Promise.withResolvers<void>();
    this.#waiting.set(creatorId, waiting);
    await waiting.promise;
  }

  #tell(creatorId: string): void {
    if (!this.isDone(creatorId)) return;
    this.#waiting.get(creatorId)?.resolve();
    this.#waiting.delete(creatorId);
  }
}
