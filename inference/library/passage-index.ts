import MiniSearch from 'minisearch';
import { termsOf } from '../extractive/lexicon.ts';
import type { Offer } from '../extractive/question-fit.ts';
import type { Match } from './found.ts';
import { type IndexedPassage, type PassageTerms, passageTermsOf, silent } from './indexed-passage.ts';
import type { Passage } from './passages.ts';

interface Indexed extends PassageTerms {
  readonly id: number;
}

/** BM25 scores grow with the logarithm of the number of passages: they are given as if there were 250. */
const passagesUsual = Math.log(1 + 250);
/**
 * Terms of one question that are looked for in other spellings too. Each takes some hundred times as long as
 * a term looked for as it is.
 */
const guessedTermsMax = 12;
/**
 * In an index of this many terms a guess takes milliseconds, or tens of them where a document's words were
 * made for it. There, only words that the index does not have are taken for mistyped.
 */
const largeTermsMin = 10_000;
const guessedTermsMaxOfLarge = 3;
/** Stems are short: a prefix or a typo counts only from a length where it rarely is another word. */
const guessedCharsMin = 5;
/**
 * A longer word is nothing that people mistype: a guess would take time and memory by the square of its
 * length.
 */
const guessedCharsMax = 40;

/**
 * Passages in a BM25+ index: words by their stem, titles and headings above text, forgiving of typos. A
 * passage is added first and shown later, so that a document's new passages take the place of its old ones at
 * once.
 */
export class PassageIndex {
  readonly #shown = new Map<number, Passage>();
  readonly #ids = new Map<Passage, number>();
  readonly #offers = new Map<Passage, Offer>();
  /** In how many passages a term is. */
  readonly #frequencies = new Map<string, number>();
  #lastId = 0;
  readonly #index = new MiniSearch<Indexed>({
    fields: ['title', 'heading', 'topic', 'text'],
    // The worker has made terms of the words.
    tokenize: (terms) => (terms === '' ? [] : terms.split(' ')),
    processTerm: (term) => (term.startsWith(silent) ? null : term),
    searchOptions: {
      processTerm: (term) => term,
      boost: { title: 2, heading: 3.5, topic: 0.3 },
      weights: { prefix: 0.3, fuzzy: 0.3 },
    },
  });

  get size(): number {
    return this.#shown.size;
  }

  add({ passage, terms, offer }: IndexedPassage): void {
    this.#lastId += 1;
    this.#ids.set(passage, this.#lastId);
    this.#offers.set(passage, offer);
    this.#index.add({ id: this.#lastId, ...terms });
    this.#count(terms, 1);
  }

  show(passages: readonly Passage[], instead: readonly Passage[]): void {
    for (const passage of passages) {
      const id = this.#ids.get(passage);
      if (id !== undefined) this.#shown.set(id, passage);
    }
    for (const passage of instead) this.#shown.delete(this.#ids.get(passage) ?? 0);
  }

  /** Leaves the index to be cleaned up later, in small steps: it takes no time by the index' size. */
  remove(passage: Passage): void {
    const id = this.#ids.get(passage);
    if (id === undefined) return;
    this.#ids.delete(passage);
    this.#offers.delete(passage);
    this.#shown.delete(id);
    this.#index.discard(id);
    this.#count(passageTermsOf(passage), -1);
  }

  offerOf(passage: Passage): Offer | undefined {
    return this.#offers.get(passage);
  }

  /**
   * How much a term says: the rarer in this creator's passages, the more. Robertson's IDF, but at least 1.
   */
  weightOf(term: string): number {
    const within = this.#frequencies.get(term) ?? 0;
    return Math.max(1, Math.log(1 + (this.#shown.size - within + 0.5) / (within + 0.5)));
  }

  /** The passages that match best, with the scores of their words. */
  search(query: string, matchesMax: number): readonly Match[] {
    const guessed = new Set<string>();
    const isLarge = this.#frequencies.size > largeTermsMin;
    const guessesMax = isLarge ? guessedTermsMaxOfLarge : guessedTermsMax;
    const guesses = (term: string) => {
      if (term.length < guessedCharsMin || term.length > guessedCharsMax) return false;
      if (isLarge && this.#frequencies.has(term)) return false;
      if (!guessed.has(term) && guessed.size >= guessesMax) return false;
      guessed.add(term);
      return true;
    };
    // Each term once: a word said a hundred times would be looked for a hundred times.
    const results = this.#index.search(termsOf(query).join(' '), {
      filter: ({ id }) => this.#shown.has(id),
      prefix: guesses,
      fuzzy: (term) => (guesses(term) ? (term.length >= 8 ? 2 : 1) : false),
    });
    const scale = passagesUsual / Math.log(1 + this.#shown.size);
    return results.slice(0, matchesMax).flatMap(({ id, score, queryTerms }) => {
      const passage = this.#shown.get(id);
      return passage === undefined ? [] : [{ passage, score: score * scale, terms: queryTerms }];
    });
  }

  #count({ title, heading, text }: PassageTerms, by: 1 | -1): void {
    for (const term of new Set(`${title} ${heading} ${text}`.split(' '))) {
      if (term === '' || term.startsWith(silent)) continue;
      const count = (this.#frequencies.get(term) ?? 0) + by;
      if (count === 0) this.#frequencies.delete(term);
      else this.#frequencies.set(term, count);
    }
  }
}
