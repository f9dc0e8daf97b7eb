import { type KV, Kvm } from '@nats-io/kv';
import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { connectNats } from '@rapport/stream/connect.ts';
import { Link } from '@rapport/stream/link.ts';
import type { Catalog, DocumentChange } from './catalog.ts';
import { checkedCreator, checkedDocument } from './checked.ts';
import type { Creator, KnowledgeDocument } from './creator.ts';
import { followTable, type Table, type TableChange } from './kv-table.ts';

const bucket = 'catalog';

type NatsConnection = Awaited<ReturnType<typeof connectNats>>;

/**
 * The catalog in NATS KV bucket `catalog`: keys `creator.<creatorId>` and
 * `document.<creatorId>.<documentId>`, values JSON. Resolves once every creator is in memory. `replicas`
 * counts where the bucket is made by this call.
 */
export async function openNatsCatalog(nc: NatsConnection, log: Log, replicas = 1): Promise<Catalog> {
  const kv = await openBucket(new Kvm(nc), replicas);
  const maxBytes = nc.info?.max_payload ?? 1024 * 1024;
  const catalog = new NatsCatalog(
    { bucket, kv, nc, link: new Link(nc) },
    maxBytes,
    log.child({ part: 'catalog' }),
  );
  await catalog.load();
  return catalog;
}

/** Asks for the bucket before making it: one that exists with other settings stays as it is. */
async function openBucket(kvm: Kvm, replicas: number): Promise<KV> {
  const kv = await kvm.open(bucket);
  try {
    await kv.status();
    return kv;
  } catch {
    return await kvm.create(bucket, { history: 1, replicas });
  }
}

class NatsCatalog implements Catalog {
  readonly #table: Table;
  readonly #kv: KV;
  readonly #maxBytes: number;
  readonly #log: Log;
  readonly #closing = new AbortController();
  readonly #creators = new Map<string, { readonly creator: Creator; readonly version: number }>();

  constructor(table: Table, maxBytes: number, log: Log) {
    this.#table = table;
    this.#kv = table.kv;
    this.#maxBytes = maxBytes;
    this.#log = log;
  }

  async load(): Promise<void> {
    await this.#follow('creator', this.#closing.signal, (change) => {
      const creatorId = change.key.slice('creator.'.length);
      if (change.bytes === undefined) this.#creators.delete(creatorId);
      else this.#takeCreator(checkedCreator(decode(change.bytes)), change.revision);
    });
  }

  creator(creatorId: string) {
    return this.#creators.get(creatorId);
  }

  creatorIds(): readonly string[] {
    return [...this.#creators.keys()];
  }

  async putCreator(creator: Creator): Promise<void> {
    const checked = checkedCreator(creator);
    const revision = await this.#write(`creator.${checked.creatorId}`, checked);
    // At once, so that this process reads what it wrote; the watch brings the same value again.
    this.#takeCreator(checked, revision);
  }

  async putDocument(document: KnowledgeDocument): Promise<void> {
    const checked = checkedDocument(document);
    await this.#write(`document.${checked.creatorId}.${checked.documentId}`, checked);
  }

  async deleteDocument(creatorId: string, documentId: string): Promise<void> {
    const key = `document.${creatorId}.${documentId}`;
    try {
      if ((await this.#kv.get(key))?.operation === 'PUT') await this.#kv.delete(key);
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
        else own.set(key, checkedDocument(decode(bytes)));
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
      onChange({ creatorId, documentId, document: bytes && checkedDocument(decode(bytes)) });
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  async #follow(prefix: string, signal: AbortSignal, take: (change: TableChange) => void): Promise<void> {
    await followTable(this.#table, {
      prefix,
      signal,
      log: this.#log,
      take: (change) => {
        try {
          take(change);
        } catch (failure) {
          this.#log.error(
            { key: change.key, reason: reasonOf(failure) },
            'cannot use a value of the catalog',
          );
        }
      },
    });
  }

  #takeCreator(creator: Creator, version: number): void {
    if (version < (this.#creators.get(creator.creatorId)?.version ?? 0)) return;
    this.#creators.set(creator.creatorId, { creator, version });
  }

  async #write(key: string, value: object): Promise<number> {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    if (bytes.length > this.#maxBytes) {
      const sentence = `Cannot take ${key} of ${bytes.length} bytes: the server takes ${this.#maxBytes}`;
      throw new Fault('bad_request', sentence);
    }
    try {
      return await this.#kv.put(key, bytes);
    } catch (failure) {
      throw new Fault('unavailable', `Cannot write ${key} to the catalog`, failure);
    }
  }
}

function decode(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}
