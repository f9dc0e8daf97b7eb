// Hop 8 of 12: actors/partition/commit - messages and state of a whole batch, one write per conversation.
import type { ConversationWrite, MessageStore } from '@rapport/history/history.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { retryUntil } from '@rapport/runtime/retry.ts';
import type { Residents } from '../memory/residents.ts';
import type { Meters } from '../meters.ts';
import type { Lease } from '../ownership/lease.ts';
import { settle, type Touched, writeOf } from './batch.ts';

export interface CommitOptions {
  readonly history: MessageStore;
  readonly residents: Residents;
  /** The generation of the partition's owner. */
  readonly epoch: number;
  /** Nothing is written without the lease: another host may be the owner already. */
  readonly lease: Pick<Lease, 'ensure'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: Pick<Meters, 'commitFailures'>;
  readonly signal: AbortSignal;
}

/**
 * Stores the changes of a batch, and only then gives the actors their new states. While the store refuses,
 * the partition waits and repeats the write, which is harmless. A host that was stopped in the middle learns
 * here whether it is still the owner, before it acts on what it wrote.
 */
export async function commit(touched: readonly Touched[], options: CommitOptions): Promise<void> {
  const { history, residents, epoch, lease, clock, log, meters, signal } = options;
  const writes = new Map<string, ConversationWrite>();
  for (const entry of touched) {
    const write = writeOf(entry, epoch);
    if (write !== undefined) writes.set(entry.actor.name, write);
  }
  if (writes.size > 0) {
    const write = async () => {
      await lease.ensure(signal);
      await history.commit([...writes.values()]);
    };
    await retryUntil(write, {
      backoff: { firstMs: 20, mostMs: 1_000 },
      clock,
      signal,
      onFailure: (failure, waitMs) => {
        meters.commitFailures.inc();
        log.warn({ reason: reasonOf(failure), waitMs }, 'waiting for the store to write');
      },
    });
  }
  await lease.ensure(signal);
  for (const entry of touched) settle(entry);
  for (const [name, { state }] of writes) residents.resize(name, state.length);
}
