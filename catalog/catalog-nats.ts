import { type KV, Kvm } from '@nats-io/kv';
import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { connectNats } from '@rapport/stream/connect.ts';
import { isOutdated, isStreamMissing } from '@rapport/stream/jetstream-errors.ts';
import { type WatchedEntry, watchKv } from '@rapport/stream/kv-watch.ts';
import { Link } from '@rapport/stream/link.ts';
import type { Catalog, DocumentChange, Put, StoredCreator } from './catalog.ts';
import { checkedCreator, checkedDocument } from './checked.ts';
import type { Creator, KnowledgeDocument } from './creator.ts';
import { readCreator, readDocument } from './stored.ts';

const bucket = 'catalog';
/** Other writers are people at dashboards. After this many lost races something else is wrong. */
const putTriesMax = 8;

type NatsConnection = Awaited<ReturnType<typeof connectNats>>;

/**
 * The catalog in NATS KV bucket `catalog`: keys `creator.<creatorId>` and
 * `document.<creatorId>.<documentId>`, values JSON. Resolves once every creator is in memory. `replicas`
 * counts only if this call makes the bucket.
 */
export async function openNatsCatalog(nc: NatsConnection, log: Log, replicas = 1): Promise<Catalog> {
  const kv = await openBucket(new Kvm(nc), replicas);
  const catalog = new NatsCatalog({ kv, nc, log: log.child({ part: 'catalog' }) });
  await catalog.load();
  return catalog;
}

/** Asks for the bucket before making it: a bucket that exists with other settings stays as it is. */
async function openBucket(kvm: Kvm, replicas: number): Promise<KV> {
  const kv = await kvm.open(bucket);
  try {
    await kv.status();
    return kv;
  } catch (failure) {
    if (!isStreamMissing(failure)) throw failure;
    return await kvm.create(bucket, { history: 1, replicas });
  }
}

interface NatsCatalogOptions {
  readonly kv: KV;
  readonly nc: NatsConnection;
  readonly log: Log;
}

class NatsCatalog implements Catalog {
  readonly #options: NatsCatalogOptions;
  readonly #link: Link;
  readonly #closing = new AbortController();
  readonly #creators = new Map<string, StoredCreator>();

  constructor(options: NatsCatalogOptions) {
    this.#options = options;
    this.#link = new Link(options.nc);
  }

  async load(): Promise<void> {
    await this.#follow('creator', this.#closing.signal, ({ key, bytes, revision }) => {
      const creatorId = key.slice('creator.'.length);
      if (bytes === undefined) this.#creators.delete(creatorId);
      else this.#takeCreator(readCreator(bytes), revision);
    });
  }

  creator(creatorId: string): StoredCreator | undefined {
    return this.#creators.get(creatorId);
  }

  creatorIds(): readonly string[] {
    return [...this.#creators.keys()];
  }

  async putCreator(given: Creator, condition?: { readonly ifVersion: number }): Promise<Put> {
    const { creatorId } = given;
    const key = `creator.${creatorId}`;
    let stored = this.#creators.get(creatorId);
    let revision = stored?.version ?? 0;
    for (let tries = 1; ; tries += 1) {
      const creator = checkedCreator(given, stored?.creator);
      const version = await this.#writeOver(key, creator, condition?.ifVersion ?? revision);
      if (version !== undefined) {
        // At once, so that this process reads what it wrote; the watch brings the same value again.
        this.#takeCreator(creator, version);
        return { at: 'written', version };
      }
      ({ stored, revision } = await this.#newest(key));
      if (condition !== undefined && (condition.ifVersion !== revision || tries === putTriesMax))
        return { at: 'outdated', version: revision };
      if (tries === putTriesMax) throw new Fault('unavailable', `Cannot write ${key}: others are faster`);
    }
  }

  async putDocument(document: KnowledgeDocument): Promise<void> {
    const checked = checkedDocument(document);
    const key = `document.${checked.creatorId}.${checked.documentId}`;
    const bytes = this.#encoded(key, checked);
    try {
      await this.#options.kv.put(key, bytes);
    } catch (failure) {
      throw new Fault('unavailable', `Cannot write ${key} to the catalog`, failure);
    }
  }

  async deleteDocument(creatorId: string, documentId: string): Promise<void> {
    const { kv } = this.#options;
    const key = `document.${creatorId}.${documentId}`;
    try {
      if ((await kv.get(key))?.operation === 'PUT') await kv.delete(key);
    } catch (failure) {
      throw new Fault('unavailable', `Cannot delete ${key} from the catalog`, failure);
    }
  }

  async documents(creatorId: string): Promise<readonly KnowledgeDocument[]> {
    const own = new Map<string, KnowledgeDocument>();
    const reading = new AbortController();
    try {
      await this.#follow(`document.${creatorId}`, reading.signal, ({ key, bytes }) => {
        if (bytes === undefined) own.delete(key);
        else own.set(key, readDocument(bytes));
      });
    } catch (failure) {
      throw new Fault('unavailable', `Cannot read the documents of ${creatorId}`, failure);
    } finally {
      reading.abort();
    }
    return [...own.values()].sort((a, b) => (a.documentId < b.documentId ? -1 : 1));
  }

  async watchDocuments(onChange: (change: DocumentChange) => void): Promise<void> {
    await this.#follow('document', this.#closing.signal, ({ key, bytes }) => {
      const [, creatorId = '', documentId = ''] = key.split('.');
      onChange({ creatorId, documentId, document: bytes && readDocument(bytes) });
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  /**
   * Gives `take` every key under `prefix`, then each that changes, until `signal` aborts. Resolves once all
   * that exist were given. A value that `take` cannot use is reported once, and what it stands for stays as
   * it was.
   */
  async #follow(prefix: string, signal: AbortSignal, take: (entry: WatchedEntry) => void): Promise<void> {
    const { nc, log } = this.#options;
    /** The newest revision that was given of each key: a watch that begins again gives all of them again. */
    const seen = new Map<string, number>();
    const onEntry = (entry: WatchedEntry) => {
      const { key, revision } = entry;
      if (revision <= (seen.get(key) ?? 0)) return;
      seen.set(key, revision);
      try {
        take(entry);
      } catch (failure) {
        log.error({ key, revision, reason: reasonOf(failure) }, 'cannot use a value of the catalog');
      }
    };
    const watch = watchKv({ nc, link: this.#link, bucket, keys: `${prefix}.>`, log, onEntry });
    signal.addEventListener('abort', watch.end, { once: true });
    if (signal.aborted) watch.end();
    await watch.given;
  }

  #takeCreator(creator: Creator, version: number): void {
    if (version < (this.#creators.get(creator.creatorId)?.version ?? 0)) return;
    this.#creators.set(creator.creatorId, { creator, version });
  }

  /**
   * The revision that it got; undefined when the key has another revision than `over` (0: when it exists).
   */
  async #writeOver(key: string, value: object, over: number): Promise<number | undefined> {
    const { kv } = this.#options;
    const bytes = this.#encoded(key, value);
    try {
      return over === 0 ? await kv.create(key, bytes) : await kv.update(key, bytes, over);
    } catch (failure) {
      if (isOutdated(failure)) return undefined;
      throw new Fault('unavailable', `Cannot write ${key} to the catalog`, failure);
    }
  }

  /** What the key has now. A value that cannot be read has a revision, and no fields to keep. */
  async #newest(key: string): Promise<{ stored: StoredCreator | undefined; revision: number }> {
    try {
      const entry = await this.#options.kv.get(key);
      if (entry?.operation !== 'PUT') return { stored: undefined, revision: 0 };
      const { revision, value } = entry;
      return { stored: storedIn(value, revision), revision };
    } catch (failure) {
      throw new Fault('unavailable', `Cannot read ${key} from the catalog`, failure);
    }
  }

  #encoded(key: string, value: object): Uint8Array {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const maxBytes = this.#options.nc.info?.max_payload ?? 1024 * 1024;
    if (bytes.length <= maxBytes) return bytes;
    const sentence = `Cannot take ${key} of ${bytes.length} bytes: the server takes ${maxBytes}`;
    throw new Fault('bad_request', sentence);
  }
}

function storedIn(bytes: Uint8Array, version: number): StoredCreator | undefined {
  try {
    return { creator: readCreator(bytes), version };
  } catch {
    return undefined; // The watch reports it.
  }
}
