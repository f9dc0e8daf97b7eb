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

/** A key's newest value. */
export interface WatchedEntry {
  readonly key: string;
  /** Undefined when the key was deleted. */
  readonly bytes: Uint8Array | undefined;
  readonly revision: number;
  /** Whether it was written after the watch began, or began again. */
  readonly isNew: boolean;
}

export interface KvWatch {
  /** Resolves once every key that existed when the watch began was given, or when the watch ends before. */
  readonly given: Promise<void>;
  end(): void;
}

export interface KvWatchOptions {
  readonly nc: NatsConnection;
  /** The link of `nc`. */
  readonly link: Link;
  readonly bucket: string;
  /** A filter of subjects; left out, all keys are watched. */
  readonly keys?: string;
  /** Makes the bucket when it is not there. */
  readonly ensure?: () => Promise<unknown>;
  readonly log: Log;
  readonly onEntry: (entry: WatchedEntry) => void;
}

/**
 * Gives the newest entry of each key and then each change, until it is ended. A connection that comes back,
 * or a server that leaves, begins it again with all keys, so an entry may be given twice. The bucket's own
 * watch is of no use here: it takes ten seconds to notice that its server left the cluster, and a minute the
 * next time.
 */
export function watchKv(options: KvWatchOptions): KvWatch {
  const ends = new AbortController();
  const given = Promise.withResolvers<void>();
  const signal = AbortSignal.any([ends.signal, options.link.closed]);
  signal.addEventListener('abort', () => given.resolve(), { once: true });
  void watchOn(options, { signal, onGiven: given.resolve }); // Ends with the signal.
  return { given: given.promise, end: () => ends.abort() };
}

async function watchOn(
  options: KvWatchOptions,
  { signal, onGiven }: { readonly signal: AbortSignal; readonly onGiven: () => void },
): Promise<void> {
  const { nc, link, bucket, keys = '>', ensure, log, onEntry } = options;
  const js = jetstream(nc, { timeout: requestMs });
  /** Entries still to come that existed when this run began. */
  let left = 0;
  const begin = async () => {
    await ensure?.();
    const messages = await consume(js, `KV_${bucket}`, {
      messageBytesMax: nc.info?.max_payload ?? 1024 * 1024,
      filter_subjects: `$KV.${bucket}.${keys}`,
      deliver_policy: DeliverPolicy.LastPerSubject,
    });
    left = messages.before;
    if (left === 0) onGiven();
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
      // A foreign writer's entry must neither end the watch nor hide the entries after it.
      log.error({ bucket, key, reason: reasonOf(failure) }, 'passed over an entry');
    }
    if (left === 0) onGiven();
  }
}
