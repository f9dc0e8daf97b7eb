// Hop 5 of 12: stream/inbox-nats - INBOX, one subject per partition, on disk before an append resolves.
import type { JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import { errors, headers, type NatsConnection } from '@nats-io/transport-node';
import { encodeBatch } from '@rapport/proto/batch.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { Fault, reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { appendBytesMax } from './appender.ts';
import { consume } from './consume.ts';
import { follow } from './follow.ts';
import type { Inbox, LogRecord } from './inbox.ts';
import { ensureInbox, type InboxSettings } from './inbox-stream.ts';
import { isTooLarge } from './jetstream-errors.ts';
import { Link } from './link.ts';

/**
 * How long one request to the server may take. An fsync takes 0.3 ms, so a silent second means that the
 * request was lost or that the server restarts.
 */
const requestMs = 1_000;
/** Tries at one append before it fails with `busy`. The server's dedup window covers all of them. */
const appendTriesMax = 5;

export async function openNatsInbox(
  nc: NatsConnection,
  options: InboxSettings & { readonly log: Log },
): Promise<Inbox> {
  const js = jetstream(nc, { timeout: requestMs });
  const link = new Link(nc);
  const jsm = await js.jetstreamManager(false);
  const partitions = await ensureInbox(jsm, options);
  return {
    partitions,
    append: (partition, entries, appendId) => append({ js, link }, partition, entries, appendId),
    read: (partition, afterSequence, signal) =>
      read({ js, link, partition, afterSequence, signal, log: options.log }),
    lastSequence: async () => (await jsm.streams.info('INBOX')).state.last_seq,
    newestBefore: async (timeMs) => {
      const next = await jsm.direct.getMessage('INBOX', { start_time: new Date(timeMs) });
      return next === null ? 0 : next.seq - 1;
    },
    purge: async (partition, throughSequence) => {
      await jsm.streams.purge('INBOX', { filter: `inbox.${partition}`, seq: throughSequence + 1 });
    },
    bury: async ({ partition, bytes, reason }) => {
      const why = headers();
      why.set('Rapport-Reason', reason.replaceAll(/[\r\n]+/g, ' ').slice(0, 500));
      await js.publish(`dead.${partition}`, bytes, { headers: why });
    },
  };
}

async function append(
  { js, link }: { readonly js: JetStreamClient; readonly link: Link },
  partition: number,
  entries: readonly string[],
  appendId: string,
): Promise<void> {
  const payload = encodeBatch(entries);
  for (let tries = 1; ; tries += 1) {
    try {
      await link.unlessLost(
        js.publish(`inbox.${partition}`, payload, { msgID: appendId, timeout: requestMs }),
      );
      return;
    } catch (failure) {
      const what = `${entries.length} envelopes to partition ${partition}`;
      if (isRefusedForGood(failure)) throw new Fault('bad_request', `Cannot append ${what}`, failure);
      if (tries >= appendTriesMax)
        throw new Fault('busy', `Cannot append ${what} after ${tries} tries`, failure);
      await systemClock.sleep(50 * tries);
    }
  }
}

/** The record itself is refused, for its size or its form: sending the same bytes again cannot succeed. */
function isRefusedForGood(failure: unknown): boolean {
  return failure instanceof errors.InvalidArgumentError || isTooLarge(failure);
}

/** Reads from the record after the last one handed on, through lost consumers and restarted servers. */
async function* read(options: {
  readonly js: JetStreamClient;
  readonly link: Link;
  readonly partition: number;
  readonly afterSequence: number;
  readonly signal: AbortSignal;
  readonly log: Log;
}): AsyncIterable<LogRecord> {
  const { js, link, partition, signal, log } = options;
  let last = options.afterSequence;
  const messages = follow({
    begin: () =>
      consume(js, 'INBOX', {
        messageBytesMax: appendBytesMax,
        filter_subjects: `inbox.${partition}`,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: last + 1,
      }),
    onReturn: (act) => link.onReturn(act),
    onFailure: (failure) =>
      log.warn({ partition, reason: reasonOf(failure) }, 'reading again from the last record'),
    clock: systemClock,
    signal,
  });
  for await (const message of messages) {
    if (message.seq <= last) continue;
    last = message.seq;
    yield recordOf(partition, message);
  }
}

function recordOf(partition: number, message: JsMsg): LogRecord {
  return {
    partition,
    sequence: message.seq,
    timeUs: Math.floor(message.info.timestampNanos / 1_000),
    pending: message.info.pending,
    bytes: message.data,
  };
}
