import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

import type { Room, Session } from '../sockets/session.ts';
import type { PersonLimits } from './limits.ts';
import { MemoryLimits } from './limits-memory.ts';
import { RedisSays } from './limits-redis-says.ts';
import { RedisSockets } from './limits-redis-sockets.ts';
import { type LinkLog, RedisLink } from './redis-link.ts';

/** Interval at which the gateway tells Redis that it lives, and learns whether Redis is there. */
const beatMs = 1_000;

/**
 * The limits of several gateways on one Redis. Each gateway keeps to its own limits first, so without Redis
 * it goes on alone. The counts of the others come on top.
 */
export class RedisLimits implements PersonLimits {
  readonly #own: MemoryLimits;
  readonly #link: RedisLink;
  readonly #says: RedisSays;
  readonly #sockets: RedisSockets;
  readonly #visitors: RateLimiterRedis;
  #replace: (session: Session) => void = () => undefined;
  #beatAtMs = 0;
  #beating = false;

  constructor(options: {
    readonly url: string;
    readonly gatewayId: string;
    readonly limits: Limits;
    readonly clock: Clock;
    readonly log: LinkLog;
  }) {
    const link = new RedisLink(options);
    link.client.on('ready', () => {
      this.#beatAtMs = 0;
    });
    this.#own = new MemoryLimits(options);
    this.#link = link;
    this.#says = new RedisSays({ ...options, link });
    this.#sockets = new RedisSockets({ ...options, link });
    this.#visitors = new RateLimiterRedis({
      storeClient: link.client,
      rejectIfRedisNotReady: true,
      keyPrefix: 'rapport:visitors',
      points: options.limits.visitorTokensPerMinuteMax,
      duration: 60,
    });
  }

  get together(): boolean {
    return this.#link.there;
  }

  start(replace: (session: Session) => void): void {
    this.#replace = replace;
  }

  joined(room: Room, session: Session): void {
    this.#own.joined(room);
    this.#says.add(room, 0);
    if (session.of === 'socket') this.#sockets.opened(room, session);
  }

  left(room: Room, session: Session): void {
    this.#own.left(room);
    this.#sockets.closed(session);
  }

  said(room: Room): void {
    this.#says.add(room, 1);
  }

  unsaid(room: Room): void {
    this.#says.add(room, -1);
  }

  /**
   * A request that this gateway refuses by itself does not reach Redis, so a flood from one address does not.
   */
  async visitor(address: string): Promise<number> {
    const waitMs = await this.#own.visitor(address);
    return waitMs > 0 || !this.#link.there ? waitMs : await this.#visitorAnywhere(address);
  }

  tick(nowMs: number): void {
    this.#own.tick(nowMs);
    if (this.#link.there) {
      this.#says.flush();
      this.#sockets.flush(nowMs);
    } else this.#says.clear();
    if (nowMs < this.#beatAtMs || this.#beating) return;
    this.#beatAtMs = nowMs + beatMs;
    void this.#beat(nowMs); // beat() reports its own failure.
  }

  close(): void {
    this.#link.close();
  }

  async #visitorAnywhere(address: string): Promise<number> {
    try {
      await this.#visitors.consume(address);
      return 0;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return refusal.msBeforeNext;
      this.#link.lost(refusal);
      return 0; // This gateway has counted it.
    }
  }

  async #beat(nowMs: number): Promise<void> {
    this.#beating = true;
    try {
      const replaced = await this.#sockets.beat(nowMs);
      this.#link.back();
      for (const session of replaced) this.#replace(session);
    } catch (failure) {
      this.#link.lost(failure);
    }
    this.#beating = false;
  }
}
