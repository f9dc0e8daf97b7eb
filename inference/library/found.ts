import type { Form } from '../extractive/question-fit.ts';
import type { Passage } from './passages.ts';

/**
 * A passage, how well it matches (BM25+ as in an index of 250 passages), and which of the question's terms it
 * has.
 */
export interface Match {
  readonly passage: Passage;
  readonly score: number;
  readonly terms: readonly string[];
}

/** The passages of a creator's knowledge that match a question. */
export interface Found {
  /** Best first. */
  readonly matches: readonly Match[];
  /** The question's terms and how much each says. */
  readonly weights: ReadonlyMap<string, number>;
  /** The kind of answer that the question wants; undefined where its words do not say. */
  readonly form?: Form | undefined;
  /** The same for each question of a message that asks two. */
  readonly parts?: readonly Found[];
}
