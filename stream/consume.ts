import type { ConsumerMessages, JetStreamClient, JsMsg, OrderedConsumerOptions } from '@nats-io/jetstream';
import type { Run } from './follow.ts';

/** A message's subject, its headers and the subject of its acknowledgement. */
const overheadBytesMax = 64 * 1024;
/** How often the server sends a heartbeat; no shorter time is allowed. A run ends when two did not come. */
const heartbeatMs = 500;
/** The server forgets a consumer that asked for nothing for this long. */
const forgottenAfterMs = 30_000;

/**
 * The consumer lives in the memory of one server. When that server leaves a cluster, the connection to
 * another server stays, and the library waits for many seconds before it asks whether the consumer is still
 * there.
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
  /** Messages that the stream had for this run when it began. */
  readonly before: number;
}

/**
 * Holds twice `messageBytesMax` before it is handed on. A message that does not fit into what is left of one
 * request then fits into the next, which was sent when half of the buffer was free. A larger message comes
 * too, up to twice that size, but the library waits a second for heartbeats before it asks again.
 */
export async function consume(
  js: JetStreamClient,
  stream: string,
  { messageBytesMax, ...from }: Partial<OrderedConsumerOptions> & { readonly messageBytesMax: number },
): Promise<Messages> {
  const bufferBytesMax = 2 * (messageBytesMax + overheadBytesMax);
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
