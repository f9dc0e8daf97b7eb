import type { QueryBundle } from '@llamaindex/core/query-engine';
import { BaseRetriever } from '@llamaindex/core/retriever';
import { type NodeWithScore, TextNode } from '@llamaindex/core/schema';
import { extractText } from '@llamaindex/core/utils';
import { termsOf } from '../extractive/lexicon.ts';
import { askedIn, fitOf, type Offer } from '../extractive/question-fit.ts';
import type { Match } from './found.ts';
import type { IndexedPassage } from './indexed-passage.ts';
import { PassageIndex } from './passage-index.ts';
import type { Passage } from './passages.ts';

/** Further passages only repeat the first ones. */
const matchesMax = 8;
/** Looked at for what their headings ask, and for how much of a document speaks of the question. */
const candidatesMax = 120;
/** How much it counts that a passage has all the words of a question and not one of them often. */
const coverageWeight = 1;
/** How much the next two passages of a document count for its best. */
const support = 0.2;

/** One creator's passages, found by the words of a question and by what their headings ask. */
export class LexicalRetriever extends BaseRetriever {
  readonly #index = new PassageIndex();

  // biome-ignore lint/complexity/noUselessConstructor: the base class' own is protected.
  constructor() {
    super();
  }

  /** Passages that are found. */
  get size(): number {
    return this.#index.size;
  }

  /** Writes a passage down. It is found once `show` names it. */
  add(passage: IndexedPassage): void {
    this.#index.add(passage);
  }

  /** From now on, at once, the first are found and the others are not. */
  show(passages: readonly Passage[], instead: readonly Passage[]): void {
    this.#index.show(passages, instead);
  }

  /** Takes out a passage that is no longer found. */
  remove(passage: Passage): void {
    this.#index.remove(passage);
  }

  weightOf(term: string): number {
    return this.#index.weightOf(term);
  }

  match(query: string): readonly Match[] {
    const matches = this.#index.search(query, candidatesMax);
    return this.#fitting(query, supported(matches)).slice(0, matchesMax);
  }

  /**
   * Passages whose titles and headings ask the query come first. The scores stay those of the words alone.
   */
  #fitting(query: string, matches: readonly Match[]): readonly Match[] {
    const asked = askedIn(query);
    const weightOf = (term: string) => this.weightOf(term);
    const sum = (terms: Iterable<string>) => [...terms].reduce((all, term) => all + weightOf(term), 0);
    const whole = Math.max(1, sum(termsOf(query)));
    const rankOf = ({ passage, score, terms }: Match) => {
      const offer: Offer | undefined = this.#index.offerOf(passage);
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
    return this.match(extractText(params.query)).map(({ passage, score }) => {
      const { text, sentences: _sentences, ...metadata } = passage;
      const id_ = `${passage.documentId}#${passage.index}`;
      return { node: new TextNode({ id_, text, metadata }), score };
    });
  }
}

/**
 * A passage counts more when others of its document match too: the document is about the question, not the
 * sentence alone.
 */
function supported(matches: readonly Match[]): readonly Match[] {
  const seen = new Map<string, number[]>();
  for (const { passage, score } of matches) {
    const scores = seen.get(passage.documentId) ?? [];
    seen.set(passage.documentId, scores);
    scores.push(score);
  }
  const scored = matches.map((match) => {
    const others = (seen.get(match.passage.documentId) ?? []).slice(1, 3);
    return { ...match, score: match.score + support * others.reduce((sum, score) => sum + score, 0) };
  });
  return scored.sort((a, b) => b.score - a.score);
}
