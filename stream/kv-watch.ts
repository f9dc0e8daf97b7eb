import { DeliverPolicy, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { systemClock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { consume } from './consume.ts';
import { follow } from './follow.ts';
import type { Link } from './link.ts';

/** A server that is there makes a consumer in milliseconds. */
const requestMs = 1_000;

/** What a bucket has under a key. */
export interface WatchedEntry {
  readonly key: string;
  /** Undefined when the key was deleted. */
  readonly bytes: Uint8Array | undefined;
  readonly revision: number;
  /** Whether it was written after the watch began, or began again. */
  readonly isNew: boolean;
}

/**
 * Gives the newest entry of each key and then each change, until the returned function is called. A
 * connection that comes back, or a server that leaves, begins it again with all keys. The bucket's own watch
 * is of no use here: it takes ten seconds to notice that its server left the cluster, and a minute the next
 * time.
 */
export function watchKv(options: {
  readonly nc: NatsConnection;
  /** Of that connection. */
  readonly link: Link;
  readonly bucket: string;
  /** Only these, as a filter of subjects; left out, all. */
  readonly keys?: string;
  /** Makes the bucket when it is not there. */
  readonly ensure?: () => Promise<unknown>;
  readonly log: Log;
  readonly onEntry: (entry: WatchedEntry) => void;
}): () => void {
  const ends = new AbortController();
  void watchOn(options, AbortSignal.any([ends.signal, options.link.closed])); // Ends with the signal.
  return () => ends.abort();
}

async function watchOn(options: Parameters<typeof watchKv>[0], signal: AbortSignal): Promise<void> {
  const { nc, link, bucket, keys = '>', ensure, log, onEntry } = options;
  const js = jetstream(nc, { timeout: requestMs });
  let left = 0;
  const begin = async () => {
    await ensure?.();
    const messages = await consume(js, `KV_${bucket}`, {
      messageBytesMax: nc.info?.max_payload ?? 1024 * 1024,
      filter_subjects: `$KV.${bucket}.${keys}`,
      deliver_policy: DeliverPolicy.LastPerSubject,
    });
    left = messages.before;
    return messages;
  };
  const onFailure = (failure: unknown) => {
    if (!signal.aborted) log.warn({ bucket, reason: reasonOf(failure) }, 'watching again');
  };
  const onReturn = (act: () => void) => link.onReturn(act);
  for await (const message of follow({ begin, onReturn, onFailure, clock: systemClock, signal })) {
    const key = message.subject.slice(`$KV.${bucket}.`.length);
    const isGone = (message.headers?.get('KV-Operation') ?? '') !== '';
    const isNew = left <= 0;
    left -= 1;
    try {
      onEntry({ key, bytes: isGone ? undefined : message.data, revision: message.seq, isNew });
    } catch (failure) {
      // Somebody else wrote it: that must not end who watches, nor hide what comes after it.
      log.error({ bucket, key, reason: reasonOf(failure) }, 'passed over an entry');
    }
  }
}
