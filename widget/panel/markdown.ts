/**
 * The little Markdown that coaches write: paragraphs, headings, lists, quotes, fenced code, and in a line
 * bold, emphasis, code and links. Text becomes a value, never HTML; what is not understood stays as it
 * was typed, and half-written marks of a streaming answer do too.
 *
 * Written by hand for its size: the whole widget has 25 KiB, of which a library of Markdown would take half,
 * and it would make HTML. On the server, where bytes do not matter, a library reads Markdown.
 */
export type Block =
  | { readonly kind: 'paragraph' | 'heading' | 'quote'; readonly spans: readonly Span[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Span[])[] };

export type Span =
  | { readonly kind: 'text' | 'bold' | 'emphasis' | 'code'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly url: string };

const listMark = /^\s{0,3}(?:[-*•]|(\d{1,3})[.)])\s+/;
const headingMark = /^#{1,6}\s+/;
const quoteMark = /^>\s?/;
const fenceMark = /^```[\w+-]*\s*$/;

/** Lines with a place in them. Taking lines off an array's front takes time by the square of their number. */
interface Reading {
  readonly lines: readonly string[];
  at: number;
}

export function parseMarkdown(text: string): readonly Block[] {
  const reading: Reading = { lines: text.replace(/\r\n?/g, '\n').split('\n'), at: 0 };
  const blocks: Block[] = [];
  for (let line = reading.lines[0]; line !== undefined; line = reading.lines[reading.at]) {
    if (line.trim() === '') reading.at += 1;
    else if (fenceMark.test(line)) blocks.push(takeCode(reading));
    else if (headingMark.test(line)) {
      blocks.push({ kind: 'heading', spans: parseSpans(line.replace(headingMark, '')) });
      reading.at += 1;
    } else if (listMark.test(line)) blocks.push(takeList(reading));
    else if (quoteMark.test(line)) blocks.push(takeLines(reading, 'quote', (next) => quoteMark.test(next)));
    else blocks.push(takeLines(reading, 'paragraph', (next) => !beginsBlock(next)));
  }
  return blocks;
}

function beginsBlock(line: string): boolean {
  return line.trim() === '' || [fenceMark, listMark, headingMark, quoteMark].some((mark) => mark.test(line));
}

/** A fence that is never closed takes all that follows. */
function takeCode(reading: Reading): Block {
  const first = reading.at + 1;
  reading.at = first;
  while (reading.at < reading.lines.length && !fenceMark.test(reading.lines[reading.at] ?? ''))
    reading.at += 1;
  const text = reading.lines.slice(first, reading.at).join('\n');
  reading.at += 1;
  return { kind: 'code', text };
}

function takeList(reading: Reading): Block {
  const ordered = listMark.exec(reading.lines[reading.at] ?? '')?.[1] !== undefined;
  const items: string[][] = [];
  for (let line = reading.lines[reading.at]; line !== undefined; line = reading.lines[reading.at]) {
    if (listMark.test(line)) items.push([line.replace(listMark, '')]);
    else if (/^\s+\S/.test(line)) items.at(-1)?.push(line.trim());
    else break;
    reading.at += 1;
  }
  return { kind: 'list', ordered, items: items.map((item) => parseSpans(item.join(' '))) };
}

function takeLines(reading: Reading, kind: 'paragraph' | 'quote', belongs: (line: string) => boolean): Block {
  const first = reading.at;
  do reading.at += 1;
  while (reading.at < reading.lines.length && belongs(reading.lines[reading.at] ?? ''));
  const taken = reading.lines.slice(first, reading.at);
  const text = taken.map((line) => (kind === 'quote' ? line.replace(quoteMark, '') : line)).join('\n');
  return { kind, spans: parseSpans(text) };
}

// Every branch is bounded by what it excludes, so that no text makes it backtrack for long.
const spanPattern = new RegExp(
  [
    /`([^`\n]+)`/,
    /\*\*([^*\n]+)\*\*/,
    /(?<![\w*])[*_]([^*_\s](?:[^*_\n]*[^*_\s])?)[*_](?![\w*])/,
    /\[([^[\]\n]+)\]\(([^()\s]+)\)/,
    /(https?:\/\/[^\s<>()]+[^\s<>().,;:!?"'])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

export function parseSpans(text: string): readonly Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (const match of text.matchAll(spanPattern)) {
    if (match.index > at) spans.push({ kind: 'text', text: text.slice(at, match.index) });
    spans.push(spanOf(match));
    at = match.index + match[0].length;
  }
  if (at < text.length) spans.push({ kind: 'text', text: text.slice(at) });
  return spans;
}

function spanOf([whole, code, bold, emphasis, label, url, bare]: RegExpMatchArray): Span {
  if (code !== undefined) return { kind: 'code', text: code };
  if (bold !== undefined) return { kind: 'bold', text: bold };
  if (emphasis !== undefined) return { kind: 'emphasis', text: emphasis };
  if (label !== undefined && url !== undefined) return { kind: 'link', text: label, url };
  return { kind: 'link', text: bare ?? whole, url: bare ?? '' };
}
