import { jetstream } from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '@rapport/runtime/log.ts';
import { isOutdated } from './jetstream-errors.ts';
import { type WatchedEntry, watchKv } from './kv-watch.ts';
import { Link } from './link.ts';
import type { Owner, Owners } from './owners.ts';

const bucket = 'owners';
const utf8 = new TextDecoder();
/** A read may be older than the write before it, so it is repeated up to this often. */
const checkpointTriesMax = 4;
/** A write takes a millisecond. A partition that waits for a lost write is handed to nobody meanwhile. */
const requestMs = 1_000;

export async function openNatsOwners(
  nc: NatsConnection,
  options: { readonly replicas: number; readonly log: Log },
): Promise<Owners> {
  const kvm = new Kvm(jetstream(nc, { timeout: requestMs }));
  const kv = await kvm.create(bucket, { history: 1, replicas: options.replicas });
  return new NatsOwners({ nc, kv, log: options.log });
}

interface NatsOwnersOptions {
  readonly nc: NatsConnection;
  readonly kv: KV;
  readonly log: Log;
}

class NatsOwners implements Owners {
  readonly #options: NatsOwnersOptions;
  readonly #kv: KV;
  readonly #link: Link;
  /** The revision of this process's own newest write to each partition's key. */
  readonly #revisions = new Map<number, number>();

  constructor(options: NatsOwnersOptions) {
    this.#options = options;
    this.#kv = options.kv;
    this.#link = new Link(options.nc);
  }

  async watch(onChange: (owner: Owner) => void): Promise<() => void> {
    const { nc, log } = this.#options;
    const newest = new Map<number, number>();
    const onEntry = ({ bytes, revision }: WatchedEntry) => {
      if (bytes === undefined) return;
      // Decoder: only Rapport's own processes write here.
      const owner: Owner = JSON.parse(utf8.decode(bytes));
      if (revision <= (newest.get(owner.partition) ?? 0)) return;
      newest.set(owner.partition, revision);
      onChange(owner);
    };
    const watch = watchKv({ nc, link: this.#link, bucket, log, onEntry });
    await watch.given;
    return watch.end;
  }

  async claim(
    partition: number,
    hostId: string,
    mayTake: (before: Owner) => boolean = () => true,
  ): Promise<Owner | undefined> {
    const key = String(partition);
    const entry = await this.#get(partition);
    const before = entry?.json<Owner>();
    if (before !== undefined && !mayTake(before)) return undefined;
    const owner: Owner = {
      ...before, // With what a newer process keeps there.
      partition,
      hostId,
      epoch: (before?.epoch ?? 0) + 1,
      checkpoint: before?.checkpoint ?? 0,
      running: before?.running ?? [],
    };
    const value = JSON.stringify(owner);
    try {
      const revision = await this.#link.unlessLost(
        entry === null ? this.#kv.create(key, value) : this.#kv.update(key, value, entry.revision),
      );
      this.#revisions.set(partition, revision);
      return owner;
    } catch (failure) {
      if (isOutdated(failure)) return undefined;
      throw failure;
    }
  }

  async checkpoint(owner: Owner): Promise<boolean> {
    const { partition, epoch, hostId } = owner;
    const value = JSON.stringify(owner);
    for (let tries = 1; ; tries += 1) {
      try {
        const known = this.#revisions.get(partition) ?? 1;
        const updating = this.#kv.update(String(partition), value, known);
        this.#revisions.set(partition, await this.#link.unlessLost(updating));
        return true;
      } catch (failure) {
        if (!isOutdated(failure) || tries === checkpointTriesMax) throw failure;
      }
      // An earlier write may have succeeded without an answer: the key is ours, at a revision not known here.
      const entry = await this.#get(partition);
      const stored = entry?.json<Owner>();
      if (entry === null || stored?.epoch !== epoch) return false;
      if (stored.hostId === '') return hostId === '';
      this.#revisions.set(partition, entry.revision);
    }
  }

  #get(partition: number): Promise<KvEntry | null> {
    return this.#link.unlessLost(this.#kv.get(String(partition)));
  }
}
