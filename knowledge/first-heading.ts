import MarkdownIt, { type Token } from 'markdown-it';

/** Finds blocks only: what is inside of them takes longer, and is needed for one heading. */
const blocks = new MarkdownIt();
blocks.core.ruler.disable('inline');
const inline = new MarkdownIt();

/** The words of the first heading of level 1, without its markup; undefined when there is none. */
export function firstHeading(text: string): string | undefined {
  const tokens = blocks.parse(text, {});
  for (const [at, { type, tag }] of tokens.entries()) {
    if (type !== 'heading_open' || tag !== 'h1') continue;
    const words = inline
      .parseInline(tokens[at + 1]?.content ?? '', {})
      .flatMap(wordsOf)
      .join('')
      .trim();
    if (words !== '') return words;
  }
  return undefined;
}

function wordsOf({ type, content, children }: Token): readonly string[] {
  if (children !== null && type === 'inline') return children.flatMap(wordsOf);
  return [type === 'softbreak' || type === 'hardbreak' ? ' ' : content];
}
