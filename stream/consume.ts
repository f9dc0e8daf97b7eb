import type { ConsumerMessages, JetStreamClient, JsMsg, OrderedConsumerOptions } from '@nats-io/jetstream';
import type { Run } from './follow.ts';

/**
 * Bytes of messages that a run holds before it hands them on: twice the largest message that NATS takes (1 MiB,
 * and room for its subject and headers). A message that does not fit into what is left of one request then fits
 * into the next request, which was sent when half of the buffer was free. With less, the library would wait a
 * second for the server at such a message.
 */
const bufferBytesMax = 2.25 * 1024 * 1024;
/** The server sends a heartbeat this often, the shortest time it takes. After two that did not come, begin again. */
const heartbeatMs = 500;
/** The server forgets a consumer that asked for nothing for this long. */
const forgottenAfterMs = 30_000;

/**
 * The consumer lives in the memory of one server. When that server leaves a cluster, the connection to another
 * server stays, and the library waits for many seconds before it asks whether the consumer is still there.
 */
const lost: ReadonlySet<string> = new Set([
  'heartbeats_missed',
  'no_responders',
  'consumer_not_found',
  'consumer_deleted',
  'stream_not_found',
]);

/** A stream's messages in order. The run ends as soon as its consumer may be lost. */
export interface Messages extends Run<JsMsg> {
  /** How many messages there were when it began. */
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
    max_bytes: bufferBytesMax,
    threshold_bytes: bufferBytesMax / 2,
    expires: 10_000,
    idle_heartbeat: heartbeatMs,
  });
  void stopWhenLost(messages); // Ends with the run.
  return Object.assign(messages, { before });
}

async function stopWhenLost(messages: ConsumerMessages): Promise<void> {
  for await (const { type } of messages.status()) if (lost.has(type)) messages.stop();
}
