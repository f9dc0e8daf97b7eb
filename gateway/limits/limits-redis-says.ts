import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { z } from 'zod';
import { lowered } from '../sockets/allowance.ts';
import type { Room } from '../sockets/session.ts';
import type { RedisLink } from './redis-link.ts';

/** People counted in one command: Redis does nothing else for about two milliseconds. */
const peoplePerCommand = 1_000;
/** People counted in one go; for those beyond, the gateway counts alone this time. */
const peopleMax = 20_000;

/**
 * A person's debt is the time that their says take to come back. It is the lifetime of their key, so Redis
 * lowers it by its own clock, and keeps nothing for a person who is silent.
 */
const countSays = `
  local debts = {}
  for i, key in ipairs(KEYS) do
    local debt = math.max(redis.call('pttl', key), 0)
    local says = tonumber(ARGV[i + 1])
    if says ~= 0 then
      debt = math.max(math.ceil(debt + says * ARGV[1]), 0)
      if debt > 0 then redis.call('set', key, '', 'px', debt) else redis.call('del', key) end
    end
    debts[i] = debt
  end
  return debts`;
const debtsSchema = z.array(z.number());

export interface RedisSaysOptions {
  readonly link: RedisLink;
  readonly limits: Limits;
  readonly clock: Clock;
}

/**
 * Reports admitted says to Redis off the hot path. One command carries everything that this gateway admitted
 * since the last one. Its answer also counts the says of other gateways, and lowers the allowances here.
 */
export class RedisSays {
  readonly #options: RedisSaysOptions;
  #counts = new Map<Room, number>();
  #asking = false;

  constructor(options: RedisSaysOptions) {
    this.#options = options;
  }

  /** `says` 0 only asks what was said elsewhere; a negative number takes back what was counted. */
  add(room: Room, says: number): void {
    const count = this.#counts.get(room);
    if (count === undefined && this.#counts.size >= peopleMax) return;
    this.#counts.set(room, (count ?? 0) + says);
  }

  /** Sends what was counted, unless the answer to the last time is still awaited. */
  flush(): void {
    if (this.#asking || this.#counts.size === 0) return;
    const counts = [...this.#counts];
    this.#counts = new Map();
    this.#asking = true;
    void this.#send(counts); // send() reports its own failure.
  }

  /** Forgets counts that are not sent, because Redis is away. */
  clear(): void {
    this.#counts.clear();
  }

  async #send(counts: readonly (readonly [Room, number])[]): Promise<void> {
    try {
      for (let at = 0; at < counts.length; at += peoplePerCommand) {
        await this.#count(counts.slice(at, at + peoplePerCommand));
      }
    } catch (failure) {
      this.#options.link.lost(failure);
    }
    this.#asking = false;
  }

  async #count(counts: readonly (readonly [Room, number])[]): Promise<void> {
    const { saysPerWindowMax, saysWindowMs } = this.#options.limits;
    const keys = counts.map(([{ name }]) => `rapport:says:${name}`);
    const values = [saysWindowMs / saysPerWindowMax, ...counts.map(([, says]) => says)];
    const debts = debtsSchema.parse(await this.#options.link.run(countSays, { keys, values }));
    const nowMs = this.#options.clock.monotonicMs();
    counts.forEach(([room], at) => {
      room.allowance = lowered(room.allowance, {
        debtMs: debts[at] ?? 0,
        uncounted: this.#counts.get(room) ?? 0,
        nowMs,
        limits: this.#options.limits,
      });
    });
  }
}
