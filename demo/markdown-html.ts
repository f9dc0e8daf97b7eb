import MarkdownIt from 'markdown-it';

/** A link may lead to a page, to a mailbox, or within the site. */
const linkTarget = /^(?:https?:|mailto:|\/(?!\/)|#)/i;

/**
 * Markdown as HTML. Raw HTML stays the text that it is, a link of another scheme too, and an image is its
 * description. Takes time by the length of the text, whatever the text is.
 */
export function htmlOf(markdown: string): string {
  return parser.render(markdown);
}

const parser = new MarkdownIt({ html: false, linkify: false });
parser.validateLink = (url) => linkTarget.test(url);
parser.renderer.rules.image = (tokens, at) => escapeHtml(tokens[at]?.content ?? '');
for (const rule of ['heading_open', 'heading_close']) {
  parser.renderer.rules[rule] = (tokens, at, options, _env, self) => {
    const token = tokens[at];
    if (token?.tag === 'h1') token.tag = 'h2'; // The title is the page's own h1.
    return self.renderToken(tokens, at, options);
  };
}

/** Paragraphs of plain text: for a document that cannot be rendered. */
export function plainHtmlOf(text: string): string {
  const paragraphs = text.split('\n\n').filter((paragraph) => paragraph.trim() !== '');
  return paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`).join('\n');
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
