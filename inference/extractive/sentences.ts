/** A sentence of a passage as a person reads it, without Markdown. */
export interface Sentence {
  readonly text: string;
  /** Which paragraph it is in: 0, 1, 2… */
  readonly paragraph: number;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

/**
 * The passage's sentences in order. An item of a list is a sentence of its own; lists count as part of what
 * is above.
 */
export function sentencesOf(passage: string): readonly Sentence[] {
  return passage
    .split(/\n\s*\n/)
    .flatMap((block, paragraph) =>
      linesOf(block).flatMap((line) =>
        [...segmenter.segment(line)]
          .map(({ segment }) => ({ text: segment.trim(), paragraph }))
          .filter(({ text }) => /[\p{L}\p{N}]/u.test(text)),
      ),
    );
}

/** Lines that belong together as one; a list's items each as their own, ended like a sentence. */
function linesOf(block: string): readonly string[] {
  const lines: string[] = [];
  for (const raw of block.split('\n')) {
    const item = /^\s*(?:[-*+]|\d+[.)])\s+(.*)$/.exec(raw)?.[1];
    const line = plain(item ?? raw).trim();
    if (item !== undefined) lines.push(/[.!?:]$/.test(line) ? line : `${line}.`);
    else lines.push(`${lines.pop() ?? ''} ${line}`.trim());
  }
  return lines;
}

/** Without emphasis, code marks, quotes' marks and link targets. */
function plain(line: string): string {
  return line
    .replace(/^\s*>\s?/, '')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/(\*\*|__|`)(.+?)\1/g, '$2')
    .replace(/(^|\s)[*_](\S(?:.*?\S)?)[*_](?=\s|$|[.,;:!?])/g, '$1$2');
}
