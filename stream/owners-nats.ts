import { JetStreamApiError, jetstream } from '@nats-io/jetstream';
import { type KV, type KvEntry, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '@rapport/runtime/log.ts';
import { watchKv } from './kv-watch.ts';
import { Link } from './link.ts';
import type { Owner, Owners } from './owners.ts';

const bucket = 'owners';
const utf8 = new TextDecoder();
/** The server's error for a compare-and-set that lost: JSStreamWrongLastSequenceErrF. */
const wrongLastSequence = 10_071;
/** A read may be older than the write before it; so often it is read again. */
const checkpointTriesMax = 4;
/** A write takes a millisecond; a partition that waits for one that was lost is handed to nobody. */
const requestMs = 1_000;

export async function openNatsOwners(
  nc: NatsConnection,
  options: { readonly partitions: number; readonly replicas: number; readonly log: Log },
): Promise<Owners> {
  const kvm = new Kvm(jetstream(nc, { timeout: requestMs }));
  const kv = await kvm.create(bucket, { history: 1, replicas: options.replicas });
  return new NatsOwners({ ...options, nc, kv, link: new Link(nc) });
}

class NatsOwners implements Owners {
  readonly #nc: NatsConnection;
  readonly #kv: KV;
  readonly #link: Link;
  readonly #partitions: number;
  readonly #log: Log;
  /** The revision of this process's own newest write to each partition's key. */
  readonly #revisions = new Map<number, number>();

  constructor(options: {
    readonly nc: NatsConnection;
    readonly kv: KV;
    readonly link: Link;
    readonly partitions: number;
    readonly log: Log;
  }) {
    this.#nc = options.nc;
    this.#kv = options.kv;
    this.#link = options.link;
    this.#partitions = options.partitions;
    this.#log = options.log;
  }

  async watch(onChange: (owner: Owner) => void): Promise<() => void> {
    const newest = new Map<number, number>();
    const take = (bytes: Uint8Array, revision: number) => {
      // Decoder: only Rapport's own processes write here.
      const owner: Owner = JSON.parse(utf8.decode(bytes));
      if (revision <= (newest.get(owner.partition) ?? 0)) return;
      newest.set(owner.partition, revision);
      onChange(owner);
    };
    const end = watchKv({
      nc: this.#nc,
      link: this.#link,
      bucket,
      log: this.#log,
      onEntry: ({ bytes, revision }) => {
        if (bytes !== undefined) take(bytes, revision);
      },
    });
    for (let partition = 0; partition < this.#partitions; partition += 1) {
      const entry = await this.#get(partition);
      if (entry !== null) take(entry.value, entry.revision);
    }
    return end;
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
      if (isLost(failure)) return undefined;
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
        if (!isLost(failure) || tries === checkpointTriesMax) throw failure;
      }
      // An earlier write whose answer was lost leaves the key ours at a revision that we do not know yet.
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

function isLost(failure: unknown): boolean {
  return failure instanceof JetStreamApiError && failure.code === wrongLastSequence;
}
