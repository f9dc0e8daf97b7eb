import { DeliverPolicy, type JetStreamClient, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { decodeEnvelope, encodeBatch, encodeEnvelope } from '@rapport/proto/batch.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import { partitionOf } from './partition.ts';

/** An entry of the log that could not be processed, as stream DEAD keeps it. */
export interface DeadLetter {
  readonly sequence: number;
  readonly timeMs: number;
  readonly partition: number;
  readonly reason: string;
  readonly bytes: Uint8Array;
  /** Undefined when the bytes are not an event of a conversation. */
  readonly envelope: Envelope | undefined;
}

export interface DeadLetters {
  /** Every letter that DEAD has at this moment, oldest first. */
  list(): Promise<readonly DeadLetter[]>;
  /**
   * Puts the event into the log again, and only then deletes the letter. Within two
   * minutes the log takes it once, however often it is tried. After that, the conversation ignores an event
   * that it has.
   */
  replay(letter: DeadLetter & { readonly envelope: Envelope }): Promise<void>;
}

/** Throws when there is no log at that server. */
export async function openDeadLetters(nc: NatsConnection): Promise<DeadLetters> {
  const js = jetstream(nc);
  const jsm = await js.jetstreamManager();
  const log = await jsm.streams.info('INBOX').catch((failure: unknown) => {
    throw new Error('Cannot find the log: there is no stream INBOX', { cause: failure });
  });
  const partitions = Number(log.config.metadata?.partitions);
  return {
    list: async () => {
      const { state } = await jsm.streams.info('DEAD');
      return state.messages === 0 ? [] : await readAll(js);
    },
    replay: async ({ sequence, timeMs, envelope }) => {
      const msgID = `dead/${sequence}/${timeMs}`;
      const record = encodeBatch([encodeEnvelope(envelope)]);
      await js.publish(`inbox.${partitionOf(envelope, partitions)}`, record, { msgID });
      await jsm.streams.deleteMessage('DEAD', sequence);
    },
  };
}

async function readAll(js: JetStreamClient): Promise<readonly DeadLetter[]> {
  const consumer = await js.consumers.get('DEAD', { deliver_policy: DeliverPolicy.All });
  const messages = await consumer.consume();
  const letters: DeadLetter[] = [];
  for await (const message of messages) {
    letters.push({
      sequence: message.seq,
      timeMs: Math.floor(message.info.timestampNanos / 1e6),
      partition: Number(message.subject.slice('dead.'.length)),
      reason: message.headers?.get('Rapport-Reason') ?? '',
      bytes: message.data,
      envelope: decodeEnvelope(message.data),
    });
    if (message.info.pending === 0) break;
  }
  await messages.close();
  return letters;
}
