import { DeliverPolicy, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** The server forgets a consumer that only counts after this time. */
const forgottenAfterNs = 1_000_000_000;

/** Counts the records behind a place in the log, for tools that do not work on the log. */
export interface Lag {
  readonly partitions: number;
  /** Records of a partition after that sequence. */
  behind(partition: number, afterSequence: number): Promise<number>;
}

/** Throws when there is no log. Only processes that work on a log make one. */
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
