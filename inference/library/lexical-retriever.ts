import type { QueryBundle } from '@llamaindex/core/query-engine';
import { BaseRetriever } from '@llamaindex/core/retriever';
import type { NodeWithScore, TextNode } from '@llamaindex/core/schema';
import { extractText } from '@llamaindex/core/utils';
import MiniSearch from 'minisearch';
import { termOf, termsOf, wordsOf } from '../extractive/lexicon.ts';
import { askedIn, fitOf, type Offer, offerOf } from '../extractive/question-fit.ts';
import type { PassageMetadata } from './passages.ts';

export type Passage = TextNode<PassageMetadata>;

/**
 * A passage, how well it matches (BM25+ as in an index of 250 passages), and which of the question's terms it
 * has.
 */
export interface Match {
  readonly passage: Passage;
  readonly score: number;
  readonly terms: readonly string[];
}

interface Indexed {
  readonly id: string;
  readonly title: string;
  readonly heading: string;
  readonly topic: string;
  readonly text: string;
}

/** More would only repeat what the first ones say. */
const matchesMax = 8;
/** Looked at for what their headings ask, and for how much of a document speaks of the question. */
const candidatesMax = 120;
/** BM25 scores grow with the logarithm of the number of passages: they are given as if there were 250. */
const passagesUsual = Math.log(1 + 250);
/** How much it counts that a passage has all the words of a question and not one of them often. */
const coverageWeight = 1;
/** How much the next two passages of a document count for its best. */
const support = 0.2;

/**
 * One creator's passages in a BM25+ index: words by their stem, titles and headings above text, forgiving of
 * typos.
 */
export class LexicalRetriever extends BaseRetriever {
  readonly #passages = new Map<string, Passage>();
  /** What each passage says it answers, worked out once. */
  readonly #offers = new Map<string, Offer>();
  /** In how many passages a term is. */
  readonly #frequencies = new Map<string, number>();
  readonly #index = new MiniSearch<Indexed>({
    fields: ['title', 'heading', 'topic', 'text'],
    tokenize: (text) => [...wordsOf(text)],
    processTerm: termOf,
    searchOptions: {
      boost: { title: 2, heading: 3.5, topic: 0.3 },
      // Stems are short: a prefix or a typo counts only from a length where it rarely is another word.
      prefix: (term) => term.length >= 5,
      fuzzy: (term) => (term.length >= 8 ? 2 : term.length >= 5 ? 1 : false),
      weights: { prefix: 0.3, fuzzy: 0.3 },
    },
  });

  // biome-ignore lint/complexity/noUselessConstructor: the base class' own is protected.
  constructor() {
    super();
  }

  get size(): number {
    return this.#passages.size;
  }

  add(passage: Passage): void {
    this.#passages.set(passage.id_, passage);
    const { title, heading, topic } = passage.metadata;
    this.#offers.set(passage.id_, offerOf({ ...passage.metadata, text: passage.text }));
    this.#index.add({ id: passage.id_, title, heading, topic, text: passage.text });
    this.#count(passage, 1);
  }

  /** Leaves the index to be cleaned up later, in small steps: it takes no time by the index' size. */
  remove(passage: Passage): void {
    if (!this.#passages.delete(passage.id_)) return;
    this.#offers.delete(passage.id_);
    this.#index.discard(passage.id_);
    this.#count(passage, -1);
  }

  /**
   * How much a term says: the rarer in this creator's passages, the more. Robertson's IDF, but at least 1.
   */
  weightOf(term: string): number {
    const within = this.#frequencies.get(term) ?? 0;
    return Math.max(1, Math.log(1 + (this.#passages.size - within + 0.5) / (within + 0.5)));
  }

  match(query: string): readonly Match[] {
    const results = this.#index.search(query).slice(0, candidatesMax);
    const scale = passagesUsual / Math.log(1 + this.#passages.size);
    const matches = results.flatMap(({ id, score, queryTerms }) => {
      const passage = this.#passages.get(String(id));
      return passage === undefined ? [] : [{ passage, score: score * scale, terms: queryTerms }];
    });
    return this.#fitting(query, supported(matches)).slice(0, matchesMax);
  }

  /** Those first whose titles and headings ask what is asked; the scores stay those of the words alone. */
  #fitting(query: string, matches: readonly Match[]): readonly Match[] {
    const asked = askedIn(query);
    const weightOf = (term: string) => this.weightOf(term);
    const sum = (terms: Iterable<string>) => [...terms].reduce((all, term) => all + weightOf(term), 0);
    const whole = Math.max(1, sum(termsOf(query)));
    const rankOf = ({ passage, score, terms }: Match) => {
      const offer = this.#offers.get(passage.id_);
      const fit = offer === undefined ? 1 : fitOf(asked, offer, weightOf);
      return score * fit * Math.exp((coverageWeight * sum(new Set(terms))) / whole);
    };
    return matches
      .map((match) => ({ match, rank: rankOf(match) }))
      .sort((a, b) => b.rank - a.rank)
      .map(({ match }) => match);
  }

  /** LlamaIndex's door to the same: for its query engines, chat engines and agents. */
  async _retrieve(params: QueryBundle): Promise<NodeWithScore[]> {
    return this.match(extractText(params.query)).map(({ passage, score }) => ({ node: passage, score }));
  }

  #count(passage: Passage, by: 1 | -1): void {
    const { title, heading } = passage.metadata;
    for (const term of termsOf(`${title} ${heading} ${passage.text}`)) {
      const count = (this.#frequencies.get(term) ?? 0) + by;
      if (count === 0) this.#frequencies.delete(term);
      else this.#frequencies.set(term, count);
    }
  }
}

/**
 * A passage counts more when others of its document match too: the document is about the question, not the
 * sentence alone.
 */
function supported(matches: readonly Match[]): readonly Match[] {
  const seen = new Map<string, number[]>();
  for (const { passage, score } of matches) {
    const { documentId } = passage.metadata;
    seen.set(documentId, [...(seen.get(documentId) ?? []), score]);
  }
  const scored = matches.map((match) => {
    const others = (seen.get(match.passage.metadata.documentId) ?? []).slice(1, 3);
    return { ...match, score: match.score + support * others.reduce((sum, score) => sum + score, 0) };
  });
  return scored.sort((a, b) => b.score - a.score);
}
