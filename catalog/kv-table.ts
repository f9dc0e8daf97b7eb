import type { KV } from '@nats-io/kv';
import type { Log } from '@rapport/runtime/log.ts';
import type { connectNats } from '@rapport/stream/connect.ts';
import { type WatchedEntry, watchKv } from '@rapport/stream/kv-watch.ts';
import type { Link } from '@rapport/stream/link.ts';

/** One key's newest value; undefined when it was deleted. */
export type TableChange = Pick<WatchedEntry, 'key' | 'revision' | 'bytes'>;

/** A bucket, and the connection on which it is reached, with its link. */
export interface Table {
  readonly bucket: string;
  readonly kv: KV;
  readonly nc: Awaited<ReturnType<typeof connectNats>>;
  readonly link: Link;
}

/**
 * Gives `take` every key under `prefix`, then each that changes, until `signal` aborts. Resolves once all
 * that exist were given. A key's revisions never go back: what is older than the newest given is left out.
 */
export async function followTable(
  { kv, ...on }: Table,
  options: {
    readonly prefix: string;
    readonly take: (change: TableChange) => void;
    readonly signal: AbortSignal;
    readonly log: Log;
  },
): Promise<void> {
  const { signal, log, take } = options;
  const keys = `${options.prefix}.>`;
  const seen = new Map<string, number>();
  const given = Promise.withResolvers<void>();
  // Whatever exists now is certain to come through a watch that begins after: as it is, or as deleted.
  const missing = new Set<string>();
  for await (const key of await kv.keys(keys)) missing.add(key);
  if (missing.size === 0) given.resolve();
  const onEntry = (entry: WatchedEntry) => {
    missing.delete(entry.key);
    if (entry.revision > (seen.get(entry.key) ?? 0)) {
      seen.set(entry.key, entry.revision);
      take(entry);
    }
    if (missing.size === 0) given.resolve();
  };
  const end = watchKv({ ...on, keys, log, onEntry });
  const stop = () => {
    end();
    given.resolve();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop(); // It was asked for while the keys were listed.
  await given.promise;
}
