import { safeAddress } from '../sdk/endpoint.ts';
import { h } from './dom.ts';
import { type Block, parseMarkdown, type Span } from './markdown.ts';

/** Elements for a coach's text. Links go to http, https and mailto only, and open beside the conversation. */
export function renderMarkdown(text: string, base: string): readonly HTMLElement[] {
  return parseMarkdown(text).map((block) => renderBlock(block, base));
}

function renderBlock(block: Block, base: string): HTMLElement {
  const spans = (all: readonly Span[]) => all.map((span) => renderSpan(span, base));
  switch (block.kind) {
    case 'paragraph':
      return h('p', { dir: 'auto' }, ...spans(block.spans));
    case 'heading':
      return h('p', { class: 'heading', dir: 'auto' }, ...spans(block.spans));
    case 'quote':
      return h('blockquote', { dir: 'auto' }, ...spans(block.spans));
    case 'code':
      return h('pre', { tabindex: '0', dir: 'ltr' }, h('code', {}, block.text));
    case 'list':
      return h(
        block.ordered ? 'ol' : 'ul',
        { dir: 'auto' },
        ...block.items.map((item) => h('li', { dir: 'auto' }, ...spans(item))),
      );
  }
}

function renderSpan(span: Span, base: string): Node | string {
  switch (span.kind) {
    case 'text':
      return span.text;
    case 'bold':
      return h('strong', {}, span.text);
    case 'emphasis':
      return h('em', {}, span.text);
    case 'code':
      return h('code', {}, span.text);
    case 'link':
      return link(span.text, safeAddress(span.url, base));
  }
}

/** A link, or its text alone when it may not be linked to. */
export function link(text: string, href: string | undefined): HTMLElement {
  if (href === undefined) return h('span', {}, text);
  return h('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' }, text);
}
