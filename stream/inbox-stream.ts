import { DiscardPolicy, type JetStreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';

export interface InboxSettings {
  /** 0: as the log was made; for a new one, `partitionsDefault`. */
  readonly partitions: number;
  readonly replicas: number;
}

/** docs/decisions/0006 says why. */
const partitionsDefault = 8;

/** Makes the streams of the log when there are none, and returns how many partitions it has. */
export async function ensureInbox(jsm: JetStreamManager, settings: InboxSettings): Promise<number> {
  await ensureDead(jsm, settings.replicas);
  const existing = await jsm.streams.info('INBOX').catch(() => undefined);
  if (existing === undefined) return await makeInbox(jsm, settings);
  const fixed = Number(existing.config.metadata?.partitions);
  if (settings.partitions !== 0 && settings.partitions !== fixed) {
    throw new Error(
      `Cannot use PARTITIONS=${settings.partitions}: the log was made with ${fixed}, for its whole life`,
    );
  }
  return fixed;
}

async function makeInbox(jsm: JetStreamManager, settings: InboxSettings): Promise<number> {
  const partitions = settings.partitions || partitionsDefault;
  await jsm.streams.add({
    name: 'INBOX',
    subjects: ['inbox.*'],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    // A full disk refuses new messages; it never deletes unprocessed ones.
    discard: DiscardPolicy.New,
    num_replicas: settings.replicas,
    allow_direct: true,
    first_seq: firstSequence(Date.now()),
    metadata: { partitions: String(partitions) },
  });
  return partitions;
}

/**
 * Where a log made at that time begins to count. Positions in the log order what the history has folded, so
 * a log that is made anew beside an old history must begin above every position of the log before it. That
 * holds as long as no log takes 2,000 records a second through its whole life; fsync allows little more.
 */
export function firstSequence(wallMs: number): number {
  return Math.floor(wallMs / 1_000) * 2_000;
}

/** What could not be processed; the oldest goes first when a gibibyte is full. */
async function ensureDead(jsm: JetStreamManager, replicas: number): Promise<void> {
  const existing = await jsm.streams.info('DEAD').catch(() => undefined);
  if (existing !== undefined) return;
  await jsm.streams.add({
    name: 'DEAD',
    subjects: ['dead.*'],
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_bytes: 1024 ** 3,
    num_replicas: replicas,
  });
}
