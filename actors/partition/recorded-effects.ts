// Hop 9 of 12, aside: actors/partition/recorded-effects - effects kept with the state until performed.
import type { ConversationKey } from '@rapport/proto/identity.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { retryUntil } from '@rapport/runtime/retry.ts';
import type { Timers } from '@rapport/stream/timers.ts';
import type { Recorded } from '../conversation/decision.ts';
import type { Actor } from '../memory/residents.ts';
import type { Touched } from './batch.ts';
import { isRecorded } from './state-row.ts';

/** Requests to the log's server at once; each takes about a millisecond. */
const atOnceMax = 64;

export interface RecordedEffectsOptions {
  readonly timers: Timers;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

interface Order {
  readonly key: ConversationKey;
  readonly effect: Recorded;
}

/**
 * Performs what a batch recorded; resolves when it is known to be done, so that neither a checkpoint nor the
 * conversation's next row goes past it. Rejects only when the host stops.
 */
export async function performRecorded(
  touched: readonly Touched[],
  options: RecordedEffectsOptions,
): Promise<void> {
  const orders: Order[] = [];
  for (const { actor, effects } of touched)
    for (const effect of effects) if (isRecorded(effect)) orders.push({ key: actor, effect });
  if (orders.length > 0) await performAll(orders, options);
}

/**
 * The log gave something that these actors' rows know already: whoever wrote the rows may have died before
 * it performed what they record. Done once for each loaded row, and before the next one replaces it.
 */
export async function replayRecorded(
  actors: Iterable<Actor>,
  options: RecordedEffectsOptions,
): Promise<void> {
  const orders: Order[] = [];
  for (const actor of actors) {
    for (const effect of actor.outbox ?? []) orders.push({ key: actor, effect });
    delete actor.outbox;
  }
  if (orders.length > 0) await performAll(orders, options);
}

async function performAll(orders: readonly Order[], options: RecordedEffectsOptions): Promise<void> {
  for (let at = 0; at < orders.length; at += atOnceMax) {
    await Promise.all(orders.slice(at, at + atOnceMax).map((order) => performOne(order, options)));
  }
}

function performOne(
  { key, effect }: Order,
  { timers, clock, log, signal }: RecordedEffectsOptions,
): Promise<void> {
  const { creatorId, userId } = key;
  const timer = { creatorId, userId, timerId: effect.timerId, generation: effect.generation };
  const attempt = () =>
    effect.kind === 'schedule' ? timers.schedule({ ...timer, atMs: effect.atMs }) : timers.unschedule(timer);
  return retryUntil(attempt, {
    backoff: { firstMs: 50, mostMs: 1_000 },
    clock,
    signal,
    onFailure: (failure, waitMs) => log.warn({ reason: reasonOf(failure), waitMs }, 'waiting for a timer'),
  });
}
