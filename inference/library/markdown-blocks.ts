import markdownIt, { type Token } from 'markdown-it';

/** A piece of a document as a person reads it, without Markdown and without HTML. */
export interface Block {
  readonly kind: 'heading' | 'text' | 'item' | 'row' | 'code';
  readonly text: string;
  /** 1 to 6 of a heading, 0 of everything else. */
  readonly level: number;
  /** The mark of a list item: `-`, `1.`; empty for everything else. */
  readonly mark: string;
  /** No blank line parts this block from the one above. */
  readonly joined: boolean;
}

// Raw HTML is recognised so that its tags can be left out.
const markdown = markdownIt({ html: true });

/** A Markdown text as its blocks, in order. Takes time by the length, whatever the text is. */
export function blocksOf(text: string): readonly Block[] {
  const reader = new BlockReader();
  for (const token of markdown.parse(text, {})) reader.take(token);
  return reader.blocks;
}

class BlockReader {
  readonly blocks: Block[] = [];
  /** The mark of the list item that has begun and has no text yet. */
  #mark = '';
  #cells: string[] = [];
  #rowLines: Token['map'] = null;
  #opening: Token | undefined;
  /** The line after the newest block. */
  #endLine = -1;

  take(token: Token): void {
    switch (token.type) {
      case 'list_item_open':
        this.#mark = token.info === '' ? '-' : `${token.info}${token.markup}`;
        break;
      case 'tr_open':
        this.#cells = [];
        this.#rowLines = token.map;
        break;
      case 'tr_close':
        this.#add('row', this.#cells.filter(Boolean).join(', '), this.#rowLines);
        break;
      case 'tbody_open': // The line of dashes above it is no text.
        this.#endLine = token.map?.[0] ?? this.#endLine;
        break;
      case 'fence':
      case 'code_block':
        this.#add('code', token.content, token.map);
        break;
      case 'html_block':
        this.#add('text', withoutTags(token.content), token.map);
        break;
      case 'inline':
        this.#takeLine(saidIn(token.children ?? []), token.map);
        break;
    }
    if (token.nesting === 1) this.#opening = token;
  }

  #takeLine(said: string, lines: Token['map']): void {
    const { type, level, tag } = this.#opening ?? { type: '', level: 0, tag: '' };
    if (type === 'th_open' || type === 'td_open') this.#cells.push(said.trim());
    // A heading inside a list or a quotation parts nothing: it is one more line there.
    else if (type === 'heading_open' && level === 0) this.#add('heading', said, lines, Number(tag.slice(1)));
    else this.#add(this.#mark === '' ? 'text' : 'item', said, lines);
  }

  #add(kind: Block['kind'], said: string, lines: Token['map'], level = 0): void {
    const text = kind === 'code' ? said.trimEnd() : said.replace(/\s+/g, ' ').trim();
    const [firstLine, endLine] = lines ?? [this.#endLine, this.#endLine];
    const joined = firstLine === this.#endLine;
    if (text !== '') this.blocks.push({ kind, text, level, mark: this.#mark, joined });
    this.#endLine = endLine;
    this.#mark = '';
  }
}

/** The words of a line's tokens: emphasis, links and tags are left out, what they hold is not. */
function saidIn(tokens: readonly Token[]): string {
  return tokens
    .map(({ type, content, children }) => {
      if (type === 'softbreak' || type === 'hardbreak') return ' ';
      if (type === 'image') return saidIn(children ?? []);
      if (type === 'html_inline') return /^<br\b/i.test(content) ? ' ' : '';
      return content;
    })
    .join('');
}

/** The text between the tags of raw HTML; comments, scripts and styles are no text. */
function withoutTags(html: string): string {
  const silent = /<script\b|<style\b|<!--/gi;
  const kept: string[] = [];
  let from = 0;
  for (let found = silent.exec(html); found !== null; found = silent.exec(html)) {
    kept.push(html.slice(from, found.index));
    const end = found[0] === '<!--' ? /-->/g : /<\/(?:script|style)[^>]*>?/gi;
    end.lastIndex = found.index;
    from = end.exec(html) === null ? html.length : end.lastIndex;
    silent.lastIndex = from;
  }
  return [...kept, html.slice(from)].join(' ').replace(/<[/!?a-z][^<>]*>?/gi, ' ');
}
