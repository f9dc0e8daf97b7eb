import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import { termOf, wordsOf } from '../extractive/lexicon.ts';
import { type Offer, offerOf } from '../extractive/question-fit.ts';
import { type Passage, passagesOf } from './passages.ts';

/** Marks a word that is no term. */
export const silent = '-';

/**
 * A passage's terms by field, in their order and as often as in the text, with a space between two. A word
 * that says nothing is among them, marked `silent`: it counts for the length of the field.
 */
export interface PassageTerms {
  readonly title: string;
  readonly heading: string;
  readonly topic: string;
  readonly text: string;
}

/** A passage with all that the index needs of it, so that adding it takes no more than writing it down. */
export interface IndexedPassage {
  readonly passage: Passage;
  readonly terms: PassageTerms;
  readonly offer: Offer;
}

/** A document's passages, one after the other as they are asked for. */
export function* indexedPassagesOf(document: KnowledgeDocument): Iterable<IndexedPassage> {
  for (const passage of passagesOf(document)) {
    yield { passage, terms: passageTermsOf(passage), offer: offerOf(passage) };
  }
}

export function passageTermsOf({ title, heading, topic, text }: Passage): PassageTerms {
  return { title: spelled(title), heading: spelled(heading), topic: spelled(topic), text: spelled(text) };
}

function spelled(text: string): string {
  return wordsOf(text)
    .map((word) => termOf(word) ?? `${silent}${word}`)
    .join(' ');
}
