import { join } from 'node:path';
import { HeldFile } from '@rapport/runtime/held-file.ts';
import { type DemoPage, LearnPages, type LearnPagesOptions } from './learn-pages.ts';

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
    return await this.#learn.page(documentId, template);
  }
}
