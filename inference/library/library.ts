import { setImmediate } from 'node:timers/promises';
import type { Catalog, DocumentChange } from '@rapport/catalog/catalog.ts';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { termsOf } from '../extractive/lexicon.ts';
import { questionsOf } from '../extractive/query.ts';
import { askedIn } from '../extractive/question-fit.ts';
import { DocumentReader } from './document-reader.ts';
import { FirstIndex } from './first-index.ts';
import type { Found } from './found.ts';
import { IndexQueue } from './index-queue.ts';
import { LexicalRetriever } from './lexical-retriever.ts';
import { type Passage, passagesPerDocumentMax } from './passages.ts';

export interface LibraryOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The time that reading one document may take; a document that takes longer is skipped. */
  readonly documentMs: number;
  /** How long a question waits for the first index of its creator's documents. */
  readonly waitMs: number;
  /** The module of the thread that reads documents. */
  readonly worker?: URL;
}

/** The index uses the event loop for at most this long at a time, so that answers run between two slices. */
const sliceMs = 4;

interface Shelf {
  readonly retriever: LexicalRetriever;
  readonly passages: Map<string, readonly Passage[]>;
}

/** Every creator's documents, each creator's in an index of its own, kept up to date from the catalog. */
export class Library {
  readonly #options: LibraryOptions;
  readonly #reader: DocumentReader;
  readonly #queue = new IndexQueue();
  readonly #first = new FirstIndex();
  readonly #shelves = new Map<string, Shelf>();
  #indexing: Promise<void> | undefined;
  #sliceBeganMs = 0;
  #skipped = 0;

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.#reader = new DocumentReader(options);
  }

  /**
   * Resolves once every document that the catalog has waits to be indexed; `settled` says when that is done.
   */
  async follow(catalog: Pick<Catalog, 'watchDocuments'>): Promise<void> {
    await catalog.watchDocuments((change) => {
      this.#first.add(change);
      this.#queue.add(change);
      this.#indexing ??= this.#index();
    });
    this.#first.listed();
  }

  /** Resolves once every change that has arrived is indexed. */
  async settled(): Promise<void> {
    await this.#indexing;
  }

  /**
   * Resolves once the creator's documents have been indexed for the first time. Throws Fault `model_busy`
   * when that takes longer than `waitMs`, and the signal's reason when it aborts.
   */
  async ready(creatorId: string, signal: AbortSignal): Promise<void> {
    if (this.#first.isDone(creatorId)) return;
    const { clock, waitMs } = this.#options;
    const waiting = new AbortController();
    const stop = () => waiting.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    try {
      const tooLong = clock.sleep(waitMs, waiting.signal).then(() => {
        const what = `its documents were still being indexed after ${waitMs} ms`;
        throw new Fault('model_busy', `Cannot answer for creator ${creatorId} yet: ${what}`);
      });
      await Promise.race([this.#first.done(creatorId), tooLong]);
    } catch (failure) {
      throw signal.aborted ? signal.reason : failure;
    } finally {
      signal.removeEventListener('abort', stop);
      waiting.abort();
    }
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

  /** Changed documents that wait to be indexed. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Documents that were left out since the process began, because they could not be read in time. */
  get skipped(): number {
    return this.#skipped;
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  async #index(): Promise<void> {
    const { clock } = this.#options;
    for (let change = this.#queue.take(); change !== undefined; change = this.#queue.take()) {
      const beganMs = clock.monotonicMs();
      await this.#take(change);
      this.#queue.spent(change.creatorId, clock.monotonicMs() - beganMs);
      this.#first.remove(change);
    }
    this.#indexing = undefined;
  }

  /**
   * A document's new passages are found from the moment when all of them are indexed, its old ones until
   * then.
   */
  async #take({ creatorId, documentId, document }: DocumentChange): Promise<void> {
    const shelf = this.#shelf(creatorId);
    const old = shelf.passages.get(documentId) ?? [];
    const fresh = document === undefined ? [] : await this.#read(shelf.retriever, document);
    shelf.retriever.show(fresh, old);
    if (fresh.length === 0) shelf.passages.delete(documentId);
    else shelf.passages.set(documentId, fresh);
    if (shelf.passages.size === 0) this.#shelves.delete(creatorId);
    else await this.#remove(shelf.retriever, old);
  }

  /** The document's passages, written down and not yet found; none when it cannot be read. */
  async #read(retriever: LexicalRetriever, document: KnowledgeDocument): Promise<readonly Passage[]> {
    const passages: Passage[] = [];
    const { creatorId, documentId } = document;
    try {
      for await (const batch of this.#reader.read(document)) {
        for (const indexed of batch) {
          retriever.add(indexed);
          passages.push(indexed.passage);
          await this.#pause();
        }
      }
      if (passages.length === passagesPerDocumentMax) {
        this.#options.log.warn(
          { creatorId, documentId, passages: passages.length },
          'a document is indexed in part: it has too many sections',
        );
      }
      return passages;
    } catch (failure) {
      this.#skipped += 1;
      const about = { creatorId, documentId, reason: reasonOf(failure) };
      this.#options.log.warn(about, 'a document is skipped: the coach does not know it');
      await this.#remove(retriever, passages);
      return [];
    }
  }

  async #remove(retriever: LexicalRetriever, passages: readonly Passage[]): Promise<void> {
    for (const passage of passages) {
      retriever.remove(passage);
      await this.#pause();
    }
  }

  /** Lets everything else have its turn when a slice of time is used up. */
  async #pause(): Promise<void> {
    const { clock } = this.#options;
    if (clock.monotonicMs() - this.#sliceBeganMs < sliceMs) return;
    await setImmediate();
    this.#sliceBeganMs = clock.monotonicMs();
  }

  #shelf(creatorId: string): Shelf {
    const shelf = this.#shelves.get(creatorId) ?? { retriever: new LexicalRetriever(), passages: new Map() };
    this.#shelves.set(creatorId, shelf);
    return shelf;
  }
}

function foundBy(retriever: LexicalRetriever, query: string): Found {
  const weights = new Map(termsOf(query).map((term) => [term, retriever.weightOf(term)]));
  return { matches: retriever.match(query), weights, form: askedIn(query).form };
}
