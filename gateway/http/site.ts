import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LearnPages } from '@rapport/demo/learn-pages.ts';
import type { Answer, Request } from './http.ts';

/** A file as it is sent, read anew when it changes. */
interface Held {
  readonly modifiedMs: number;
  readonly body: Buffer;
  readonly etag: string;
}

const files: Readonly<
  Record<string, { readonly file: string; readonly type: string; readonly cache: string }>
> = {
  '/': { file: '../demo/index.html', type: 'text/html; charset=utf-8', cache: 'no-cache' },
  // A site embeds it by this address for years, so a new version must reach visitors within minutes.
  '/widget.js': {
    file: 'dist/widget.js',
    type: 'text/javascript; charset=utf-8',
    cache: 'public, max-age=300, stale-while-revalidate=86400',
  },
};
const learnPath = /^\/learn\/([a-z0-9][a-z0-9_-]{0,63})$/;

/** The widget's script, and the demo site around it. */
export class Site {
  readonly #folder: string;
  readonly #learn: LearnPages;
  readonly #held = new Map<string, Held>();

  constructor(options: { readonly widgetFolder: string; readonly learn: LearnPages }) {
    this.#folder = options.widgetFolder;
    this.#learn = options.learn;
  }

  /** Undefined when there is nothing at that path. */
  async answer({ path, headers }: Request): Promise<Answer | undefined> {
    const entry = Object.hasOwn(files, path) ? files[path] : undefined;
    if (entry !== undefined) {
      const held = await this.#read(entry.file);
      return held && respond(held, entry, headers.get('if-none-match'));
    }
    const documentId = learnPath.exec(path)?.[1];
    const template = documentId === undefined ? undefined : await this.#read('../demo/learn.html');
    if (documentId === undefined || template === undefined) return undefined;
    const page = await this.#learn.page(documentId, template.body.toString());
    if (page === undefined) return undefined;
    return {
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache', ...safe },
      body: page,
    };
  }

  async #read(file: string): Promise<Held | undefined> {
    const path = join(this.#folder, file);
    try {
      const { mtimeMs } = await stat(path);
      const known = this.#held.get(file);
      if (known?.modifiedMs === mtimeMs) return known;
      const body = await readFile(path);
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      const held = { modifiedMs: mtimeMs, body, etag };
      this.#held.set(file, held);
      return held;
    } catch (failure) {
      if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined;
      throw failure;
    }
  }
}

const safe = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'strict-origin-when-cross-origin' };

function respond(
  { body, etag }: Held,
  { type, cache }: { readonly type: string; readonly cache: string },
  known: string | undefined,
): Answer {
  const headers = { 'content-type': type, 'cache-control': cache, etag, ...safe };
  return known === etag ? { status: 304, headers, body: '' } : { status: 200, headers, body };
}
