import type { DocumentChange } from '@rapport/catalog/catalog.ts';

/**
 * Changed documents that wait to be indexed. The creator whose documents have taken the least time is next,
 * so that a creator with many or slow documents delays others by one document, not by all. A document that
 * changes again while it waits waits once.
 */
export class IndexQueue {
  /** By creatorId, then by documentId, oldest first. */
  readonly #waiting = new Map<string, Map<string, DocumentChange>>();
  readonly #spentMs = new Map<string, number>();

  get size(): number {
    let size = 0;
    for (const changes of this.#waiting.values()) size += changes.size;
    return size;
  }

  add(change: DocumentChange): void {
    const { creatorId, documentId } = change;
    const changes = this.#waiting.get(creatorId) ?? new Map<string, DocumentChange>();
    this.#waiting.set(creatorId, changes.set(documentId, change));
  }

  /** Takes out the change that is next; undefined when none waits. */
  take(): DocumentChange | undefined {
    const [creatorId, changes] = this.#next() ?? [];
    const change = changes?.values().next().value;
    if (creatorId === undefined || change === undefined) return undefined;
    changes?.delete(change.documentId);
    if (changes?.size === 0) this.#waiting.delete(creatorId);
    return change;
  }

  /** Counts the time that a creator's document took. Forgotten as soon as nothing waits. */
  spent(creatorId: string, ms: number): void {
    if (this.#waiting.size === 0) this.#spentMs.clear();
    else this.#spentMs.set(creatorId, (this.#spentMs.get(creatorId) ?? 0) + ms);
  }

  #next() {
    const spentMs = ([creatorId]: [string, unknown]) => this.#spentMs.get(creatorId) ?? 0;
    let next: [string, Map<string, DocumentChange>] | undefined;
    for (const entry of this.#waiting) {
      if (next === undefined || spentMs(entry) < spentMs(next)) next = entry;
    }
    return next;
  }

  /** Whether a document of the creator waits. */
  has(creatorId: string): boolean {
    return this.#waiting.has(creatorId);
  }
}
