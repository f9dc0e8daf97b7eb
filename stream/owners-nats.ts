import { JetStreamApiError, jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Owner, Owners } from './owners.ts';

/** The server's error for a compare-and-set that lost: JSStreamWrongLastSequenceErrF. */
const wrongLastSequence = 10_071;

export async function openNatsOwners(
  nc: NatsConnection,
  options: { readonly partitions: number; readonly replicas: number; readonly log: Log },
): Promise<Owners> {
  const kv = await new Kvm(jetstream(nc)).create('owners', { history: 1, replicas: options.replicas });
  return new NatsOwners(kv, options.partitions, options.log);
}

class NatsOwners implements Owners {
  readonly #kv: KV;
  readonly #partitions: number;
  readonly #log: Log;
  /** The revision of this process's own newest write to each partition's key. */
  readonly #revisions = new Map<number, number>();

  constructor(kv: KV, partitions: number, log: Log) {
    this.#kv = kv;
    this.#partitions = partitions;
    this.#log = log;
  }

  async watch(onChange: (owner: Owner) => void): Promise<() => void> {
    const newest = new Map<number, number>();
    const take = (entry: { readonly revision: number; json<T>(): T }) => {
      const owner = entry.json<Owner>(); // Decoder: only Rapport's own processes write here.
      if (entry.revision <= (newest.get(owner.partition) ?? 0)) return;
      newest.set(owner.partition, entry.revision);
      onChange(owner);
    };
    const entries = await this.#kv.watch();
    void (async () => {
      try {
        for await (const entry of entries) if (entry.operation === 'PUT') take(entry);
      } catch (failure) {
        this.#log.warn({ reason: reasonOf(failure) }, 'watching owners ended');
      }
    })(); // Ends when stopped.
    for (let partition = 0; partition < this.#partitions; partition += 1) {
      const entry = await this.#kv.get(String(partition));
      if (entry !== null) take(entry);
    }
    return () => entries.stop();
  }

  async claim(partition: number, hostId: string): Promise<Owner> {
    const key = String(partition);
    const entry = await this.#kv.get(key);
    const before = entry?.json<Owner>();
    const owner: Owner = {
      partition,
      hostId,
      epoch: (before?.epoch ?? 0) + 1,
      checkpoint: before?.checkpoint ?? 0,
      running: before?.running ?? [],
    };
    const value = JSON.stringify(owner);
    const revision =
      entry === null ? await this.#kv.create(key, value) : await this.#kv.update(key, value, entry.revision);
    this.#revisions.set(partition, revision);
    return owner;
  }

  async checkpoint(owner: Owner): Promise<boolean> {
    const key = String(owner.partition);
    try {
      const revision = await this.#kv.update(
        key,
        JSON.stringify(owner),
        this.#revisions.get(owner.partition) ?? 0,
      );
      this.#revisions.set(owner.partition, revision);
      return true;
    } catch (failure) {
      if (!(failure instanceof JetStreamApiError) || failure.code !== wrongLastSequence) throw failure;
      return await this.#stillOurs(owner);
    }
  }

  /** An earlier write whose answer was lost leaves the key ours at a revision that we do not know yet. */
  async #stillOurs(owner: Owner): Promise<boolean> {
    const entry = await this.#kv.get(String(owner.partition));
    const stored = entry?.json<Owner>();
    if (entry === null || stored?.hostId !== owner.hostId || stored.epoch !== owner.epoch) return false;
    this.#revisions.set(owner.partition, entry.revision);
    return true;
  }
}
