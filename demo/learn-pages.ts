import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import type { Clock } from '@rapport/runtime/clock.ts';

/** The demo creator's documents are read again after this. */
const heldMs = 10_000;

/** The pages of the demo site that the coach's sources point at: documents whose url is `/learn/<id>`. */
export class LearnPages {
  readonly #catalog: Pick<Catalog, 'documents'>;
  readonly #creatorId: string;
  readonly #clock: Clock;
  #documents: Promise<readonly KnowledgeDocument[]> | undefined;
  #readAtMs = 0;

  constructor(options: {
    readonly catalog: Pick<Catalog, 'documents'>;
    readonly creatorId: string;
    readonly clock: Clock;
  }) {
    this.#catalog = options.catalog;
    this.#creatorId = options.creatorId;
    this.#clock = options.clock;
  }

  /** The document in the template's `{{title}}` and `{{body}}`; undefined when there is none of that name. */
  async page(documentId: string, template: string): Promise<string | undefined> {
    const documents = await this.#read();
    const document = documents.find(({ url }) => url === `/learn/${documentId}`);
    if (document === undefined) return undefined;
    const { title, text } = document;
    return template.replaceAll('{{title}}', () => escapeHtml(title)).replace('{{body}}', () => htmlOf(text));
  }

  #read(): Promise<readonly KnowledgeDocument[]> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#documents === undefined || nowMs - this.#readAtMs > heldMs) {
      this.#readAtMs = nowMs;
      const documents = this.#catalog.documents(this.#creatorId);
      this.#documents = documents;
      documents.catch(() => {
        if (this.#documents === documents) this.#documents = undefined; // The next request reads again.
      });
    }
    return this.#documents;
  }
}

/** Headings, paragraphs and lists of Markdown; everything else stays the text that it is. */
export function htmlOf(markdown: string): string {
  return markdown
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter((block) => block !== '')
    .map(blockHtml)
    .join('\n');
}

function blockHtml(block: string): string {
  const [, marks, heading] = /^(#{1,3}) +([^\n]+)$/.exec(block) ?? [];
  if (marks !== undefined && heading !== undefined) {
    const level = Math.max(2, marks.length); // The title is the page's own h1.
    return `<h${level}>${escapeHtml(heading)}</h${level}>`;
  }
  const lines = block.split('\n');
  if (lines.every((line) => /^[-*] /.test(line))) return listHtml('ul', lines);
  if (lines.every((line) => /^\d+\. /.test(line))) return listHtml('ol', lines);
  return `<p>${escapeHtml(lines.join(' '))}</p>`;
}

function listHtml(tag: 'ul' | 'ol', lines: readonly string[]): string {
  const items = lines.map((line) => `<li>${escapeHtml(line.replace(/^(?:[-*]|\d+\.) /, ''))}</li>`);
  return `<${tag}>${items.join('')}</${tag}>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
