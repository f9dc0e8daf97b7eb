import type { KV, KvWatchEntry } from '@nats-io/kv';
import { systemClock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Link } from './link.ts';

/** The pause before a watch that ended begins again. */
const againMs = 50;

/**
 * Gives the newest entry of each key and then each change, until it is ended or the connection closed. A
 * connection that comes back begins again with all keys, because the server may have forgotten who watches.
 * Throws when it cannot begin the first time.
 */
export async function watchKv(options: {
  /** Finds the bucket, or makes it again. */
  readonly open: () => Promise<KV>;
  readonly link: Link;
  readonly log: Log;
  readonly onEntry: (entry: KvWatchEntry) => void;
}): Promise<() => void> {
  const ends = new AbortController();
  const began = Promise.withResolvers<void>();
  void watchOn(options, ends.signal, began.resolve).catch(began.reject); // Fails only before it began.
  await began.promise;
  return () => ends.abort();
}

async function watchOn(
  options: Parameters<typeof watchKv>[0],
  signal: AbortSignal,
  onBegin: () => void,
): Promise<void> {
  let begun = false;
  while (!signal.aborted && !options.link.closed) {
    try {
      await watchOnce(options, signal, () => {
        begun = true;
        onBegin();
      });
    } catch (failure) {
      if (!begun) throw failure;
      if (!options.link.closed) options.log.warn({ reason: reasonOf(failure) }, 'watching again');
    }
    if (!signal.aborted) await systemClock.sleep(againMs, signal).catch(() => undefined);
  }
}

async function watchOnce(
  { open, link, onEntry }: Parameters<typeof watchKv>[0],
  signal: AbortSignal,
  onBegin: () => void,
): Promise<void> {
  let entries: (AsyncIterable<KvWatchEntry> & { stop(): void }) | undefined;
  let over = false;
  const stop = () => {
    over = true;
    entries?.stop();
  };
  const endOnReturn = link.onReturn(stop);
  signal.addEventListener('abort', stop);
  try {
    const kv = await open();
    if (over) return;
    entries = await kv.watch();
    onBegin();
    if (over) entries.stop();
    for await (const entry of entries) onEntry(entry);
  } finally {
    entries?.stop();
    signal.removeEventListener('abort', stop);
    endOnReturn();
  }
}
