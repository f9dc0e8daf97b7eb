import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { encodeBatch, encodeEnvelope } from '@rapport/proto/batch.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import { partitionOf } from './partition.ts';
import type { TimerKey, Timers } from './timers.ts';

/** How long one request may take. The server answers within a few milliseconds. */
const requestMs = 1_000;

/**
 * Timers as delayed messages (NATS ADR-51): each is a message on a subject of its own, which the server
 * moves to its partition's subject when its time has come. The generation is part of the subject, so a
 * message that an earlier owner still sends replaces no newer timer.
 */
export async function openNatsTimers(nc: NatsConnection, partitions: number): Promise<Timers> {
  const js = jetstream(nc, { timeout: requestMs });
  const jsm = await js.jetstreamManager(false);
  return {
    schedule: (timer) => schedule(js, timer, partitions),
    unschedule: async (timer) => {
      const filter = subjectOf(timer, partitions);
      try {
        await jsm.streams.purge('INBOX', { filter });
      } catch (failure) {
        throw new Fault('busy', `Cannot purge ${filter}`, failure);
      }
    },
  };
}

async function schedule(
  js: JetStreamClient,
  timer: TimerKey & { readonly atMs: number },
  partitions: number,
): Promise<void> {
  const { creatorId, userId, timerId, generation, atMs } = timer;
  const event = { kind: 'timer_fired', timerId, generation } as const;
  const payload = encodeBatch([encodeEnvelope({ creatorId, userId, event })]);
  const subject = subjectOf(timer, partitions);
  const delayed = headers();
  delayed.set('Nats-Schedule', `@at ${new Date(atMs).toISOString()}`);
  delayed.set('Nats-Schedule-Target', `inbox.${partitionOf(timer, partitions)}`);
  try {
    await js.publish(subject, payload, { headers: delayed, timeout: requestMs });
  } catch (failure) {
    throw new Fault('busy', `Cannot schedule ${subject}`, failure);
  }
}

/** Ids have no dots, so the parts of a subject cannot be confused. */
function subjectOf(timer: TimerKey, partitions: number): string {
  const { creatorId, userId, timerId, generation } = timer;
  return `timer.${partitionOf(timer, partitions)}.${creatorId}.${userId}.${timerId}.${generation}`;
}
