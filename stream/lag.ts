import { DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** A consumer that only counts is forgotten by the server after this time. */
const forgottenAfterNs = 1_000_000_000;

/** How much of the log lies behind a place in it, for whoever looks at it from outside. */
export interface Lag {
  readonly partitions: number;
  /** Records of a partition after that sequence. */
  behind(partition: number, afterSequence: number): Promise<number>;
}

/** Throws when there is no log: one is made by who works on it, never by who looks. */
export async function openLag(nc: NatsConnection): Promise<Lag> {
  const jsm = await jetstreamManager(nc);
  const inbox = await jsm.streams.info('INBOX').catch((cause: unknown) => {
    throw new Error('Cannot find the log on this NATS', { cause });
  });
  return {
    partitions: Number(inbox.config.metadata?.partitions),
    behind: async (partition, afterSequence) => {
      const { num_pending } = await jsm.consumers.add('INBOX', {
        filter_subject: `inbox.${partition}`,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: afterSequence + 1,
        mem_storage: true,
        inactive_threshold: forgottenAfterNs,
      });
      return num_pending;
    },
  };
}
