import { jetstream, StorageType } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Log } from '@rapport/runtime/log.ts';
import { watchKv } from './kv-watch.ts';
import { Link } from './link.ts';
import type { Member, Members, OnMember } from './members.ts';

const bucket = 'members';
const utf8 = new TextDecoder();
/** NATS forgets a member that is silent for this long. Far above every lease. */
const rememberedMs = 60_000;
/** How long making the bucket may take: a host must not lose its lease twice to it. */
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
  #kv: KV | undefined;

  constructor(nc: NatsConnection, options: { readonly replicas: number; readonly log: Log }) {
    this.#nc = nc;
    this.#replicas = options.replicas;
    this.#log = options.log;
    this.#link = new Link(nc);
  }

  async watch(onChange: OnMember): Promise<() => void> {
    await this.#open();
    const watch = watchKv({
      nc: this.#nc,
      link: this.#link,
      bucket,
      ensure: () => this.#open(),
      log: this.#log,
      onEntry: ({ key, bytes, isNew }) => {
        // Decoder: only Rapport's own processes write here.
        const member: Member | undefined = bytes && JSON.parse(utf8.decode(bytes));
        onChange(member ?? { hostId: key, beat: 0, leaving: true }, isNew);
      },
    });
    return watch.end;
  }

  async beat(member: Member, withinMs: number): Promise<void> {
    // While disconnected, heartbeats would pile up in the client.
    if (!this.#link.up) throw new Error('the link to NATS is down');
    try {
      const kv = this.#kv ?? (await this.#open());
      await kv.put(member.hostId, JSON.stringify(member), { timeout: withinMs });
    } catch (failure) {
      this.#kv = undefined; // The bucket is in memory and ends with its server: the next beat makes it again.
      throw failure;
    }
  }

  async leave(hostId: string): Promise<void> {
    if (!this.#link.up) return;
    const kv = this.#kv ?? (await this.#open());
    await kv.delete(hostId);
  }

  async #open(): Promise<KV> {
    const kv = await new Kvm(jetstream(this.#nc, { timeout: openWithinMs })).create(bucket, {
      history: 1,
      replicas: this.#replicas,
      storage: StorageType.Memory,
      ttl: rememberedMs,
    });
    this.#kv = kv;
    return kv;
  }
}
