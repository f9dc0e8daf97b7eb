import type { KV, KvWatchEntry } from '@nats-io/kv';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';

/** One key's newest value; undefined when it was deleted. */
export interface TableChange {
  readonly key: string;
  readonly revision: number;
  readonly bytes: Uint8Array | undefined;
}

const rewatchAfterMs = 500;

/**
 * Gives `take` every key under `prefix`, then each that changes, until `signal` aborts. Resolves once all
 * that exist were given. A key's revisions never go back: what is older than the newest given is left out.
 */
export async function followTable(
  kv: KV,
  options: {
    readonly prefix: string;
    readonly take: (change: TableChange) => void;
    readonly signal: AbortSignal;
    readonly log: Log;
  },
): Promise<void> {
  const { signal, log } = options;
  const seen = new Map<string, number>();
  const missing = new Set<string>();
  const given = Promise.withResolvers<void>();
  const take = (entry: KvWatchEntry) => {
    if (entry.revision > (seen.get(entry.key) ?? 0)) {
      seen.set(entry.key, entry.revision);
      const bytes = entry.operation === 'PUT' ? entry.value : undefined;
      options.take({ key: entry.key, revision: entry.revision, bytes });
    }
    missing.delete(entry.key);
    if (missing.size === 0) given.resolve();
  };
  const filter = `${options.prefix}.>`;
  const first = await kv.watch({ key: filter });
  // Listed after the watch began, so that each of these is certain to come through it.
  for await (const key of await kv.keys(filter)) missing.add(key);
  if (missing.size === 0) given.resolve();
  signal.addEventListener('abort', () => given.resolve(), { once: true });
  void follow(kv, first, { filter, take, signal, log }); // Ends with the signal.
  await given.promise;
}

/** Reads a watch to its end; one that ends by itself is begun again, which repeats what is known already. */
async function follow(
  kv: KV,
  first: AsyncIterable<KvWatchEntry> & { stop(): void },
  options: {
    readonly filter: string;
    readonly take: (entry: KvWatchEntry) => void;
    readonly signal: AbortSignal;
    readonly log: Log;
  },
): Promise<void> {
  let entries = first;
  const stop = () => entries.stop();
  options.signal.addEventListener('abort', stop, { once: true });
  while (!options.signal.aborted) {
    try {
      for await (const entry of entries) options.take(entry);
      if (options.signal.aborted) return;
      options.log.warn({ filter: options.filter }, 'a watch of the catalog ended; it begins again');
      entries = await kv.watch({ key: options.filter });
      if (options.signal.aborted) stop();
    } catch (failure) {
      if (options.signal.aborted) return;
      options.log.warn({ filter: options.filter, reason: reasonOf(failure) }, 'cannot watch the catalog');
    }
    await new Promise((resolve) => setTimeout(resolve, rewatchAfterMs).unref());
  }
}
