import { jetstream, StorageType } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '@rapport/runtime/log.ts';
import { watchKv } from './kv-watch.ts';
import { Link } from './link.ts';
import type { Member, Members, OnMember } from './members.ts';

/** A member that is silent for this long is not even remembered. Far above every lease. */
const rememberedMs = 60_000;
/** Making the bucket again must not cost a host its lease more than once. */
const openWithinMs = 500;

export function openNatsMembers(
  nc: NatsConnection,
  options: { readonly replicas: number; readonly log: Log },
): Members {
  return new NatsMembers(nc, options);
}

class NatsMembers implements Members {
  readonly #nc: NatsConnection;
  readonly #replicas: number;
  readonly #log: Log;
  readonly #link: Link;
  #kv: Promise<KV> | undefined;

  constructor(nc: NatsConnection, options: { readonly replicas: number; readonly log: Log }) {
    this.#nc = nc;
    this.#replicas = options.replicas;
    this.#log = options.log;
    this.#link = new Link(nc);
  }

  watch(onChange: OnMember): Promise<() => void> {
    return watchKv({
      open: () => this.#open(),
      link: this.#link,
      log: this.#log,
      onEntry: (entry) => {
        const hostId = entry.key;
        // Decoder: only Rapport's own processes write here.
        if (entry.operation !== 'PUT') onChange({ hostId, beat: 0, leaving: true }, entry.isUpdate);
        else onChange(entry.json<Member>(), entry.isUpdate);
      },
    });
  }

  async beat(member: Member, withinMs: number): Promise<void> {
    // Publishing while disconnected would only pile up.
    if (!this.#link.up) throw new Error('the link to NATS is down');
    try {
      const kv = await (this.#kv ?? this.#open());
      await kv.put(member.hostId, JSON.stringify(member), { timeout: withinMs });
    } catch (failure) {
      this.#kv = undefined; // What is in memory ends with its server: the next one makes it again.
      throw failure;
    }
  }

  async leave(hostId: string): Promise<void> {
    if (!this.#link.up) return;
    const kv = await (this.#kv ?? this.#open());
    await kv.delete(hostId);
  }

  #open(): Promise<KV> {
    this.#kv = new Kvm(jetstream(this.#nc, { timeout: openWithinMs })).create('members', {
      history: 1,
      replicas: this.#replicas,
      storage: StorageType.Memory,
      ttl: rememberedMs,
    });
    return this.#kv;
  }
}
