import { join } from 'node:path';
import { type Held, HeldFile } from '@rapport/runtime/held-file.ts';
import type { Answer, RequestHead } from '../sockets/exchange.ts';
import { isKnown } from './conditional.ts';
import { encodingFor } from './encoding.ts';

/** The build writes them beside the script; the smaller first. */
const encodings = ['br', 'gzip'] as const;
type Encoding = (typeof encodings)[number];
const suffixOf = { br: '.br', gzip: '.gz' } as const;

const headers = {
  'content-type': 'text/javascript; charset=utf-8',
  // A site embeds it by this address for years, so a new version must reach visitors within minutes.
  'cache-control': 'public, max-age=300, stale-while-revalidate=86400',
  vary: 'accept-encoding',
  // Pages with Cross-Origin-Embedder-Policy, and tags with crossorigin, integrity or type=module, need both.
  'cross-origin-resource-policy': 'cross-origin',
  'access-control-allow-origin': '*',
} as const;

/** `/widget.js`, the script that sites embed. */
export class WidgetScript {
  readonly #script: HeldFile;
  readonly #compressed: Readonly<Record<Encoding, HeldFile>>;

  constructor(options: { readonly folder: string }) {
    const path = join(options.folder, 'widget.js');
    this.#script = new HeldFile(path);
    this.#compressed = {
      br: new HeldFile(path + suffixOf.br),
      gzip: new HeldFile(path + suffixOf.gzip),
    };
  }

  /** Undefined while the script is not built. */
  async answer({ headers: asked }: RequestHead): Promise<Answer | undefined> {
    const script = await this.#script.read();
    if (script === undefined) return undefined;
    const compressed = await this.#compressedNow(script);
    const encoding = encodingFor(asked.get('accept-encoding'), [...compressed.keys()]);
    const body = (encoding && compressed.get(encoding)) ?? script.body;
    const etag = `"${script.hash}${encoding === undefined ? '' : `-${encoding}`}"`;
    const known = isKnown(asked.get('if-none-match'), etag);
    return {
      status: known ? 304 : 200,
      headers: { ...headers, etag, ...(encoding !== undefined && { 'content-encoding': encoding }) },
      body: known ? '' : body,
    };
  }

  /** The compressed forms that are there and no older than the script itself. */
  async #compressedNow(script: Held): Promise<ReadonlyMap<Encoding, Buffer>> {
    const found = new Map<Encoding, Buffer>();
    for (const encoding of encodings) {
      const held = await this.#compressed[encoding].read();
      if (held !== undefined && held.modifiedMs >= script.modifiedMs) found.set(encoding, held.body);
    }
    return found;
  }
}
