import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { z } from 'zod';

import type { Room, Session } from '../sockets/session.ts';
import type { RedisLink } from './redis-link.ts';

/** A gateway that was not heard of for this long is gone, and its sockets with it. */
const aliveMs = 3_000;
/**
 * Wait this long before an old socket is replaced: by then the entries of a gateway that crashed just before
 * have expired and no longer count.
 */
const settleMs = 4_000;
/** A person's set outlives the longest time between two renewals of it. */
const setS = 24 * 3_600;
/** Sockets that stay open longer are announced again. */
const renewMs = 8 * 3_600_000;
const socketsPerCommand = 1_000;

const beat = `
  redis.call('set', KEYS[1], '', 'px', ARGV[1])
  local replaced = redis.call('lrange', KEYS[2], 0, -1)
  redis.call('del', KEYS[2])
  return replaced`;
const enter = `
  local counts = {}
  for i, key in ipairs(KEYS) do
    redis.call('zadd', key, ARGV[2 * i], ARGV[2 * i + 1])
    redis.call('expire', key, ARGV[1])
    counts[i] = redis.call('zcard', key)
  end
  return counts`;
const leave = `for i, key in ipairs(KEYS) do redis.call('zrem', key, ARGV[i]) end`;
/** Removes sockets of gateways that are gone, then the oldest above the limit, and tells their gateways. */
const trim = `
  local open = {}
  for _, socket in ipairs(redis.call('zrange', KEYS[1], 0, -1)) do
    local gateway = string.match(socket, '^%S+')
    if redis.call('exists', 'rapport:gateway:' .. gateway) == 1 then
      table.insert(open, socket)
    else
      redis.call('zrem', KEYS[1], socket)
    end
  end
  for i = 1, #open - ARGV[1] do
    local gateway, session = string.match(open[i], '^(%S+) (%S+)$')
    redis.call('zrem', KEYS[1], open[i])
    redis.call('rpush', 'rapport:replaced:' .. gateway, session)
    redis.call('pexpire', 'rapport:replaced:' .. gateway, ARGV[2])
  end`;
const countsSchema = z.array(z.number());
const replacedSchema = z.array(z.string());

interface Socket {
  readonly session: Session;
  readonly key: string;
  readonly openedAtMs: number;
}

export interface RedisSocketsOptions {
  readonly gatewayId: string;
  readonly link: RedisLink;
  readonly limits: Limits;
  readonly clock: Clock;
}

/**
 * The sockets of each person at all gateways. An entry counts while its gateway is heard of, so a gateway
 * that was killed locks nobody out. A gateway that lost Redis comes back under another name and announces the
 * sockets that it has now; its older entries go with the old name.
 */
export class RedisSockets {
  readonly #options: RedisSocketsOptions;
  readonly #sockets = new Map<string, Socket>();
  #entering = new Set<Socket>();
  #leaving: Socket[] = [];
  /** Keys of people with too many sockets, and the time at which the oldest is replaced; first due first. */
  readonly #crowded = new Map<string, number>();
  #times = 0;
  #renewAtMs = 0;
  #asking = false;

  constructor(options: RedisSocketsOptions) {
    this.#options = options;
  }

  opened({ name }: Room, session: Session): void {
    const socket = { session, key: `rapport:sockets:${name}`, openedAtMs: this.#options.clock.wallMs() };
    this.#sockets.set(session.id, socket);
    this.#entering.add(socket);
  }

  closed({ id }: Session): void {
    const socket = this.#sockets.get(id);
    if (socket === undefined) return;
    this.#sockets.delete(id);
    if (!this.#entering.delete(socket) && this.#options.link.there) this.#leaving.push(socket);
  }

  /** Tells Redis that this gateway lives. Gives its sockets that are to be replaced. Throws without Redis. */
  async beat(nowMs: number): Promise<readonly Session[]> {
    if (!this.#options.link.there || nowMs >= this.#renewAtMs) this.#renew(nowMs);
    const keys = [`rapport:gateway:${this.#name}`, `rapport:replaced:${this.#name}`];
    const replaced = replacedSchema.parse(await this.#options.link.run(beat, { keys, values: [aliveMs] }));
    return replaced.flatMap((id) => this.#sockets.get(id)?.session ?? []);
  }

  /** Sends the sockets that came and went, unless the last answer is still awaited. */
  flush(nowMs: number): void {
    const idle = this.#entering.size + this.#leaving.length + this.#crowded.size === 0;
    if (idle || this.#asking) return;
    this.#asking = true;
    void this.#send(nowMs); // send() reports its own failure.
  }

  get #name(): string {
    return `${this.#options.gatewayId}.${this.#times}`;
  }

  #renew(nowMs: number): void {
    this.#times += 1;
    this.#renewAtMs = nowMs + renewMs;
    this.#entering = new Set(this.#sockets.values());
    this.#leaving = [];
    this.#crowded.clear();
  }

  async #send(nowMs: number): Promise<void> {
    try {
      await this.#leave(this.#leaving.splice(0, socketsPerCommand));
      await this.#enter(firstOf(this.#entering, socketsPerCommand), nowMs);
      await this.#trim(nowMs);
    } catch (failure) {
      this.#options.link.lost(failure);
    }
    this.#asking = false;
  }

  async #leave(sockets: readonly Socket[]): Promise<void> {
    if (sockets.length === 0) return;
    const values = sockets.map((socket) => this.#entry(socket));
    await this.#options.link.run(leave, { keys: sockets.map(({ key }) => key), values });
  }

  async #enter(sockets: readonly Socket[], nowMs: number): Promise<void> {
    if (sockets.length === 0) return;
    for (const socket of sockets) this.#entering.delete(socket);
    const keys = sockets.map(({ key }) => key);
    const values = [setS, ...sockets.flatMap((socket) => [socket.openedAtMs, this.#entry(socket)])];
    const counts = countsSchema.parse(await this.#options.link.run(enter, { keys, values }));
    keys.forEach((key, at) => {
      if ((counts[at] ?? 0) > this.#options.limits.socketsPerPersonMax)
        this.#crowded.set(key, nowMs + settleMs);
    });
  }

  async #trim(nowMs: number): Promise<void> {
    for (const [key, dueAtMs] of this.#crowded) {
      if (dueAtMs > nowMs) return;
      this.#crowded.delete(key);
      const values = [this.#options.limits.socketsPerPersonMax, aliveMs];
      await this.#options.link.run(trim, { keys: [key], values });
    }
  }

  #entry({ session }: Socket): string {
    return `${this.#name} ${session.id}`;
  }
}

function firstOf(sockets: ReadonlySet<Socket>, most: number): readonly Socket[] {
  const first: Socket[] = [];
  for (const socket of sockets) {
    if (first.length === most) break;
    first.push(socket);
  }
  return first;
}
