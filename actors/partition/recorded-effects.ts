// Hop 9 of 12, aside: actors/partition/recorded-effects - effects kept with the state until performed.
import type { ConversationKey } from '@rapport/proto/identity.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { retryUntil } from '@rapport/runtime/retry.ts';
import type { Timers } from '@rapport/stream/timers.ts';
import { isRecorded, type Recorded } from '../conversation/effect.ts';
import type { Actor } from '../memory/residents.ts';
import type { Meters } from '../meters.ts';
import type { Touched } from './batch.ts';

/** Requests to the log's server at once; each takes about a millisecond. */
const atOnceMax = 64;

export interface RecordedEffectsOptions {
  readonly timers: Timers;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: Pick<Meters, 'effectsKept'>;
  readonly signal: AbortSignal;
}

interface Order {
  readonly key: ConversationKey;
  readonly effect: Recorded;
}

/** Performs the recorded effects of one partition. */
export class RecordedEffects {
  readonly #options: RecordedEffectsOptions;
  /** Unknown kinds that the log was told of. */
  readonly #told = new Set<string>();

  constructor(options: RecordedEffectsOptions) {
    this.#options = options;
  }

  /**
   * Performs the recorded effects of a batch. Resolves when all are known to be performed, so that neither a
   * checkpoint nor the conversation's next row goes past them. Rejects only when the host stops.
   */
  async perform(touched: readonly Touched[]): Promise<void> {
    const orders: Order[] = [];
    for (const { actor, effects } of touched)
      for (const effect of effects) if (isRecorded(effect)) orders.push({ key: actor, effect });
    if (orders.length > 0) await this.#all(orders);
  }

  /**
   * Performs the effects in the rows of these actors, before the next row replaces them. The host that wrote
   * a row may have died before it performed the row's effects, or may not have known them. Each loaded row is
   * replayed once.
   */
  async replay(actors: Iterable<Actor>): Promise<void> {
    const orders: Order[] = [];
    for (const actor of actors) {
      for (const effect of [...(actor.owed ?? []), ...(actor.outbox ?? [])])
        orders.push({ key: actor, effect });
      for (const { kind } of actor.kept ?? []) this.#keep(kind);
      delete actor.owed;
      delete actor.outbox;
    }
    if (orders.length > 0) await this.#all(orders);
  }

  /** This host cannot perform the effect. The row keeps it, and a newer host performs it. */
  #keep(kind: string): void {
    const { log, meters } = this.#options;
    meters.effectsKept.inc();
    if (this.#told.has(kind)) return;
    this.#told.add(kind);
    log.warn({ kind }, 'kept a recorded effect of a newer version for a newer host');
  }

  async #all(orders: readonly Order[]): Promise<void> {
    for (let at = 0; at < orders.length; at += atOnceMax)
      await Promise.all(orders.slice(at, at + atOnceMax).map((order) => this.#one(order)));
  }

  #one(order: Order): Promise<void> {
    const { timers, clock, log, signal } = this.#options;
    return retryUntil(() => performOne(order, timers), {
      backoff: { firstMs: 50, mostMs: 1_000 },
      clock,
      signal,
      onFailure: (failure, waitMs) => log.warn({ reason: reasonOf(failure), waitMs }, 'waiting for a timer'),
    });
  }
}

function performOne({ key, effect }: Order, timers: Timers): Promise<void> {
  const { creatorId, userId } = key;
  switch (effect.kind) {
    case 'schedule': {
      const { timerId, generation, atMs } = effect;
      return timers.schedule({ creatorId, userId, timerId, generation, atMs });
    }
    case 'unschedule': {
      const { timerId, generation } = effect;
      return timers.unschedule({ creatorId, userId, timerId, generation });
    }
    default:
      throw new Error(
        `Cannot perform a recorded effect of kind ${(effect satisfies never as Recorded).kind}`,
      );
  }
}
