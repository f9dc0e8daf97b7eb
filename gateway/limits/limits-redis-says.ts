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
 * A person's debt is the time that their says take to come back, and it is the lifetime of their key: Redis
 * lowers it by itself, by its own clock, and nothing is left of who is silent.
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

/**
 * Counts says behind their way: what this gateway admitted since the last time goes to Redis in one command,
 * and the answer, which holds what other gateways admitted, lowers the allowances here.
 */
export class RedisSays {
  readonly #link: RedisLink;
  readonly #limits: Limits;
  readonly #clock: Clock;
  #counts = new Map<Room, number>();
  #asking = false;

  constructor(options: { readonly link: RedisLink; readonly limits: Limits; readonly clock: Clock }) {
    this.#link = options.link;
    this.#limits = options.limits;
    this.#clock = options.clock;
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

  /** Forgets what nobody will ask for. */
  clear(): void {
    this.#counts.clear();
  }

  async #send(counts: readonly (readonly [Room, number])[]): Promise<void> {
    try {
      for (let at = 0; at < counts.length; at += peoplePerCommand) {
        await this.#count(counts.slice(at, at + peoplePerCommand));
      }
    } catch (failure) {
      this.#link.lost(failure);
    }
    this.#asking = false;
  }

  async #count(counts: readonly (readonly [Room, number])[]): Promise<void> {
    const { saysPerWindowMax, saysWindowMs } = this.#limits;
    const keys = counts.map(([{ name }]) => `rapport:says:${name}`);
    const values = [saysWindowMs / saysPerWindowMax, ...counts.map(([, says]) => says)];
    const debts = debtsSchema.parse(await this.#link.run(countSays, { keys, values }));
    const nowMs = this.#clock.monotonicMs();
    counts.forEach(([room], at) => {
      room.allowance = lowered(room.allowance, {
        debtMs: debts[at] ?? 0,
        uncounted: this.#counts.get(room) ?? 0,
        nowMs,
        limits: this.#limits,
      });
    });
  }
}
