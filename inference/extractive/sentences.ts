/** A sentence of a passage as a person reads it, without Markdown. */
export interface Sentence {
  readonly text: string;
  /** The number of its paragraph in the passage: 0, 1, 2… */
  readonly paragraph: number;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The sentences of a line of prose, in order. A segment without a letter or a number is no sentence. */
export function sentencesOf(line: string): readonly string[] {
  return [...segmenter.segment(line)]
    .map(({ segment }) => segment.trim())
    .filter((text) => /[\p{L}\p{N}]/u.test(text));
}

/** An item of a list or a row of a table, ended like a sentence. */
export function ended(line: string): string {
  return /[.!?:]$/.test(line) ? line : `${line}.`;
}
