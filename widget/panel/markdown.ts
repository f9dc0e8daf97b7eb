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

export function parseMarkdown(text: string): readonly Block[] {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const blocks: Block[] = [];
  while (lines.length > 0) {
    const line = lines[0] ?? '';
    if (line.trim() === '') lines.shift();
    else if (fenceMark.test(line)) blocks.push(takeCode(lines));
    else if (headingMark.test(line)) {
      blocks.push({ kind: 'heading', spans: parseSpans(line.replace(headingMark, '')) });
      lines.shift();
    } else if (listMark.test(line)) blocks.push(takeList(lines));
    else if (quoteMark.test(line)) blocks.push(takeLines(lines, 'quote', (next) => quoteMark.test(next)));
    else blocks.push(takeLines(lines, 'paragraph', (next) => !beginsBlock(next)));
  }
  return blocks;
}

function beginsBlock(line: string): boolean {
  return line.trim() === '' || [fenceMark, listMark, headingMark, quoteMark].some((mark) => mark.test(line));
}

function takeCode(lines: string[]): Block {
  lines.shift();
  const end = lines.findIndex((line) => fenceMark.test(line));
  const taken = lines.splice(0, end === -1 ? lines.length : end + 1);
  return { kind: 'code', text: (end === -1 ? taken : taken.slice(0, -1)).join('\n') };
}

function takeList(lines: string[]): Block {
  const ordered = listMark.exec(lines[0] ?? '')?.[1] !== undefined;
  const items: string[] = [];
  for (let line = lines[0]; line !== undefined; line = lines[0]) {
    if (listMark.test(line)) items.push(line.replace(listMark, ''));
    else if (/^\s+\S/.test(line)) items.push(`${items.pop()} ${line.trim()}`);
    else break;
    lines.shift();
  }
  return { kind: 'list', ordered, items: items.map(parseSpans) };
}

function takeLines(lines: string[], kind: 'paragraph' | 'quote', belongs: (line: string) => boolean): Block {
  const taken = [lines.shift() ?? ''];
  while (lines[0] !== undefined && belongs(lines[0])) taken.push(lines.shift() ?? '');
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
