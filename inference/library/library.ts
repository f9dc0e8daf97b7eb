import { setImmediate } from 'node:timers/promises';
import type { Catalog, DocumentChange } from '@rapport/catalog/catalog.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { termsOf } from '../extractive/lexicon.ts';
import { questionsOf } from '../extractive/query.ts';
import { askedIn, type Form } from '../extractive/question-fit.ts';
import { LexicalRetriever, type Match, type Passage } from './lexical-retriever.ts';
import { passagesOf } from './passages.ts';

/** What a creator's knowledge has on a question. */
export interface Found {
  /** Best first. */
  readonly matches: readonly Match[];
  /** The question's terms and how much each says. */
  readonly weights: ReadonlyMap<string, number>;
  /** Which kind of answer the question wants; undefined where its words do not say. */
  readonly form?: Form | undefined;
  /** The same for each question of a message that asks two. */
  readonly parts?: readonly Found[];
}

/** Passages that are indexed before others get their turn: about 5 ms. */
const passagesPerTurn = 20;

interface Shelf {
  readonly retriever: LexicalRetriever;
  readonly passages: Map<string, readonly Passage[]>;
}

/** Every creator's documents, each creator's in an index of its own, kept up to date from the catalog. */
export class Library {
  readonly #shelves = new Map<string, Shelf>();
  readonly #log: Log;
  /** The newest piece of indexing: they run one after the other, in the order of the changes. */
  #indexing: Promise<void> = Promise.resolve();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Resolves once every document that the catalog has is indexed. */
  async follow(catalog: Catalog): Promise<void> {
    await catalog.watchDocuments((change) => {
      this.#indexing = this.#indexing.then(() => this.#take(change));
    });
    await this.settled();
  }

  /** Resolves once every change that has arrived is indexed. */
  async settled(): Promise<void> {
    await this.#indexing;
  }

  /** LlamaIndex's retriever of one creator's documents; undefined when there are none. */
  retriever(creatorId: string): LexicalRetriever | undefined {
    return this.#shelves.get(creatorId)?.retriever;
  }

  find(creatorId: string, query: string): Found {
    const retriever = this.retriever(creatorId);
    if (retriever === undefined) return { matches: [], weights: new Map() };
    const parts = questionsOf(query);
    const found = foundBy(retriever, query);
    return parts.length < 2 ? found : { ...found, parts: parts.map((part) => foundBy(retriever, part)) };
  }

  passageCount(): number {
    let count = 0;
    for (const { retriever } of this.#shelves.values()) count += retriever.size;
    return count;
  }

  async #take({ creatorId, documentId, document }: DocumentChange): Promise<void> {
    try {
      const shelf = this.#shelf(creatorId);
      for (const passage of shelf.passages.get(documentId) ?? []) shelf.retriever.remove(passage);
      shelf.passages.delete(documentId);
      if (document === undefined) return this.#clear(creatorId, shelf);
      const passages = passagesOf(document);
      shelf.passages.set(documentId, passages);
      for (const [at, passage] of passages.entries()) {
        shelf.retriever.add(passage);
        if (at % passagesPerTurn === passagesPerTurn - 1) await setImmediate();
      }
    } catch (failure) {
      this.#log.error({ creatorId, documentId, reason: reasonOf(failure) }, 'cannot index a document');
    }
  }

  #shelf(creatorId: string): Shelf {
    const shelf = this.#shelves.get(creatorId) ?? { retriever: new LexicalRetriever(), passages: new Map() };
    this.#shelves.set(creatorId, shelf);
    return shelf;
  }

  #clear(creatorId: string, shelf: Shelf): void {
    if (shelf.passages.size === 0) this.#shelves.delete(creatorId);
  }
}

function foundBy(retriever: LexicalRetriever, query: string): Found {
  const weights = new Map(termsOf(query).map((term) => [term, retriever.weightOf(term)]));
  return { matches: retriever.match(query), weights, form: askedIn(query).form };
}
