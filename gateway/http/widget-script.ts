import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type Held, HeldFile } from '@rapport/runtime/held-file.ts';
import type { Answer, RequestHead } from '../sockets/exchange.ts';
import { isKnown } from './conditional.ts';
import { encodingFor } from './encoding.ts';

/** The forms that the build writes beside the script, the smallest first. */
const encodings = ['br', 'gzip'] as const;
type Encoding = (typeof encodings)[number];
const forms = {
  br: { suffix: '.br', unpack: brotliDecompressSync },
  gzip: { suffix: '.gz', unpack: gunzipSync },
} as const;

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
  readonly #packed: Readonly<Record<Encoding, PackedFile>>;

  constructor(options: { readonly folder: string }) {
    const path = join(options.folder, 'widget.js');
    this.#script = new HeldFile(path);
    this.#packed = { br: new PackedFile(path, 'br'), gzip: new PackedFile(path, 'gzip') };
  }

  /** Undefined while the script is not built. */
  async answer({ headers: asked }: RequestHead): Promise<Answer | undefined> {
    const script = await this.#script.read();
    if (script === undefined) return undefined;
    const packed = await this.#packedNow(script);
    const encoding = encodingFor(asked.get('accept-encoding'), [...packed.keys()]);
    const body = (encoding && packed.get(encoding)) ?? script.body;
    const etag = `"${script.hash}${encoding === undefined ? '' : `-${encoding}`}"`;
    const known = isKnown(asked.get('if-none-match'), etag);
    return {
      status: known ? 304 : 200,
      headers: { ...headers, etag, ...(encoding !== undefined && { 'content-encoding': encoding }) },
      body: known ? '' : body,
    };
  }

  async #packedNow(script: Held): Promise<ReadonlyMap<Encoding, Buffer>> {
    const found = new Map<Encoding, Buffer>();
    for (const encoding of encodings) {
      const body = await this.#packed[encoding].of(script);
      if (body !== undefined) found.set(encoding, body);
    }
    return found;
  }
}

/** A compressed form of the script. */
class PackedFile {
  readonly #file: HeldFile;
  readonly #encoding: Encoding;
  #compared: { readonly packed: Held; readonly script: Held; readonly same: boolean } | undefined;

  constructor(path: string, encoding: Encoding) {
    this.#file = new HeldFile(path + forms[encoding].suffix);
    this.#encoding = encoding;
  }

  /** Its bytes; undefined when there is none of exactly this script, as while a build writes its files. */
  async of(script: Held): Promise<Buffer | undefined> {
    const packed = await this.#file.read();
    if (packed === undefined) return undefined;
    if (this.#compared?.packed !== packed || this.#compared.script !== script) {
      this.#compared = { packed, script, same: holds(packed.body, script.body, this.#encoding) };
    }
    return this.#compared.same ? packed.body : undefined;
  }
}

function holds(packed: Buffer, script: Buffer, encoding: Encoding): boolean {
  try {
    return forms[encoding].unpack(packed, { maxOutputLength: script.length }).equals(script);
  } catch {
    return false; // It is damaged, or a longer script.
  }
}
