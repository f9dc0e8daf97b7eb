import type { ConsumerMessages, JetStreamClient, JsMsg, OrderedConsumerOptions } from '@nats-io/jetstream';
import type { Run } from './follow.ts';

/** Messages a run may hold that it has not yet handed on. */
const readAheadMax = 256;
/** The server says so often that it is there; who misses it twice begins again. The least that it takes. */
const heartbeatMs = 500;
/** The server forgets by then who does not ask any more. */
const forgottenAfterMs = 30_000;

/**
 * The consumer lives in the memory of one server. When that one leaves a cluster the connection to another
 * stays, and the library waits for many seconds before it asks whether the consumer is still there.
 */
const lost: ReadonlySet<string> = new Set([
  'heartbeats_missed',
  'no_responders',
  'consumer_not_found',
  'consumer_deleted',
  'stream_not_found',
]);

/** A stream's messages in order, which ends as soon as its consumer may be lost. */
export interface Messages extends Run<JsMsg> {
  /** How many there were when it began. */
  readonly before: number;
}

export async function consume(
  js: JetStreamClient,
  stream: string,
  from: Partial<OrderedConsumerOptions>,
): Promise<Messages> {
  const consumer = await js.consumers.get(stream, { ...from, inactive_threshold: forgottenAfterMs });
  const { num_pending: before } = await consumer.info(true);
  const messages = await consumer.consume({
    max_messages: readAheadMax,
    expires: 10_000,
    idle_heartbeat: heartbeatMs,
  });
  void stopWhenLost(messages);
  return Object.assign(messages, { before });
}

async function stopWhenLost(messages: ConsumerMessages): Promise<void> {
  for await (const { type } of messages.status()) if (lost.has(type)) messages.stop();
}
