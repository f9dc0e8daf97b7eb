import { join } from 'node:path';
import { HeldFile, hashOf } from '@rapport/runtime/held-file.ts';
import { LearnPages, type LearnPagesOptions } from './learn-pages.ts';

/** One page as it is sent. */
export interface DemoPage {
  readonly html: string | Buffer;
  /** The same for the same bytes. */
  readonly hash: string;
}

const learnPath = /^\/learn\/([a-z0-9][a-z0-9_-]{0,63})$/;

/** The demo site: its first page, and an article for each document of the demo creator. */
export class DemoSite {
  readonly #index = new HeldFile(join(import.meta.dirname, 'index.html'));
  readonly #template = new HeldFile(join(import.meta.dirname, 'learn.html'));
  readonly #learn: LearnPages;

  constructor(options: LearnPagesOptions) {
    this.#learn = new LearnPages(options);
  }

  /** Undefined when there is no page at that path. */
  async page(path: string): Promise<DemoPage | undefined> {
    if (path === '/') {
      const index = await this.#index.read();
      return index && { html: index.body, hash: index.hash };
    }
    const documentId = learnPath.exec(path)?.[1];
    const template = documentId === undefined ? undefined : await this.#template.read();
    if (documentId === undefined || template === undefined) return undefined;
    const html = await this.#learn.page(documentId, template);
    return html === undefined ? undefined : { html, hash: hashOf(html) };
  }
}
