import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { type Held, hashOf } from '@rapport/runtime/held-file.ts';
import { escapeHtml, plainHtmlOf } from './markdown-html.ts';
import { renderApart } from './render-apart.ts';

/** A page as it is sent. */
export interface DemoPage {
  readonly html: string | Buffer;
  /** The same for the same bytes. */
  readonly hash: string;
}

/** The demo creator's documents are read again after this. */
const documentsKeptMs = 10_000;
/** Rendered pages kept in memory; the page rendered first leaves first. */
const pagesCharsMax = 32 * 1024 * 1024;

export interface LearnPagesOptions {
  readonly catalog: Pick<Catalog, 'documents'>;
  readonly creatorId: string;
  readonly clock: Clock;
  readonly render?: typeof renderApart;
}

/** A version of a document in a version of the template, rendered or being rendered. */
interface Rendered {
  readonly title: string;
  readonly text: string;
  readonly templateHash: string;
  readonly page: Promise<DemoPage>;
  /** 0 while the page is being rendered. */
  chars: number;
}

/** The pages of the demo site that the coach's sources point at: documents whose url is `/learn/<id>`. */
export class LearnPages {
  readonly #options: LearnPagesOptions;
  #documents: Promise<readonly KnowledgeDocument[]> | undefined;
  #readAtMs = 0;
  readonly #rendered = new Map<string, Rendered>();
  #chars = 0;
  /** The newest rendering: one thread works at a time, however many pages are asked for. */
  #rendering: Promise<unknown> = Promise.resolve();

  constructor(options: LearnPagesOptions) {
    this.#options = options;
  }

  /** The document in the template's `{{title}}` and `{{body}}`; undefined when there is none of that name. */
  async page(documentId: string, template: Held): Promise<DemoPage | undefined> {
    const documents = await this.#read();
    const document = documents.find(({ url }) => url === `/learn/${documentId}`);
    if (document === undefined) return undefined;
    const { title, text } = document;
    const known = this.#rendered.get(documentId);
    if (known?.title === title && known.text === text && known.templateHash === template.hash) {
      return await known.page;
    }
    return await this.#render(documentId, document, template);
  }

  #render(documentId: string, { title, text }: KnowledgeDocument, template: Held): Promise<DemoPage> {
    const { render = renderApart } = this.#options;
    const body = this.#rendering.then(() => render(text));
    this.#rendering = body;
    const page = body.then((rendered) => {
      const values = { title: escapeHtml(title), body: rendered ?? plainHtmlOf(text) };
      const html = filled(template.body.toString(), values);
      return { html, hash: hashOf(html) };
    });
    this.#forget(documentId);
    const entry: Rendered = { title, text, templateHash: template.hash, page, chars: 0 };
    this.#rendered.set(documentId, entry);
    return page.then((whole) => {
      this.#count(documentId, entry, whole.html.length);
      return whole;
    });
  }

  #count(documentId: string, entry: Rendered, chars: number): void {
    if (this.#rendered.get(documentId) !== entry) return;
    entry.chars = chars;
    this.#chars += chars;
    for (const [oldest] of this.#rendered) {
      if (this.#chars <= pagesCharsMax) return;
      this.#forget(oldest);
    }
  }

  #forget(documentId: string): void {
    this.#chars -= this.#rendered.get(documentId)?.chars ?? 0;
    this.#rendered.delete(documentId);
  }

  #read(): Promise<readonly KnowledgeDocument[]> {
    const { catalog, creatorId, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#documents === undefined || nowMs - this.#readAtMs > documentsKeptMs) {
      this.#readAtMs = nowMs;
      const documents = catalog.documents(creatorId);
      this.#documents = documents;
      documents.catch(() => {
        if (this.#documents === documents) this.#documents = undefined; // The next request reads again.
      });
    }
    return this.#documents;
  }
}

/** Fills each placeholder once: what is filled in is not searched for placeholders again. */
function filled(template: string, values: { readonly title: string; readonly body: string }): string {
  return template.replaceAll(/\{\{(title|body)\}\}/g, (_placeholder, name) =>
    name === 'title' ? values.title : values.body,
  );
}
