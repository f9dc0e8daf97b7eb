import {
  DiscardPolicy,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { isStreamMissing } from './jetstream-errors.ts';

export interface InboxSettings {
  /** 0: as the log was made, or `ofNew` for a new log. */
  readonly partitions: number;
  readonly ofNew?: number;
  readonly replicas: number;
}

/** Partitions of a new log for which no number was given: docs/decisions/0006. */
const partitionsDefault = 8;

/**
 * NATS lets a stream with delayed messages only discard its oldest messages at a limit. So INBOX has no
 * limit: no unprocessed message is ever deleted, and a full disk refuses new messages.
 */
const timed = {
  subjects: ['inbox.*', 'timer.>'],
  discard: DiscardPolicy.Old,
  allow_msg_schedules: true,
};

/** Makes the log with this many partitions. A log that is there stays as it is. */
export async function makeLog(
  nc: NatsConnection,
  settings: { readonly partitions: number; readonly replicas: number },
): Promise<void> {
  const { partitions: ofNew, replicas } = settings;
  await ensureInbox(await jetstreamManager(nc), { partitions: 0, ofNew, replicas });
}

/** Makes the streams of the log when there are none, and returns how many partitions it has. */
export async function ensureInbox(jsm: JetStreamManager, settings: InboxSettings): Promise<number> {
  await ensureDead(jsm, settings.replicas);
  const config = (await findInbox(jsm)) ?? (await makeInbox(jsm, settings));
  const fixed = Number(config.metadata?.partitions);
  if (settings.partitions !== 0 && settings.partitions !== fixed) {
    throw new Error(
      `Cannot use PARTITIONS=${settings.partitions}: the log was made with ${fixed}, for its whole life`,
    );
  }
  await bringUp(jsm, config);
  return fixed;
}

async function findInbox(jsm: JetStreamManager): Promise<StreamConfig | undefined> {
  return (await findStream(jsm, 'INBOX'))?.config;
}

/** Undefined when there is no such stream. Throws when that cannot be told: another one must not be made. */
async function findStream(jsm: JetStreamManager, name: string): Promise<StreamInfo | undefined> {
  try {
    return await jsm.streams.info(name);
  } catch (failure) {
    if (isStreamMissing(failure)) return undefined;
    throw failure;
  }
}

async function makeInbox(jsm: JetStreamManager, settings: InboxSettings): Promise<StreamConfig> {
  try {
    const { config } = await jsm.streams.add({
      name: 'INBOX',
      ...timed,
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      num_replicas: settings.replicas,
      allow_direct: true,
      first_seq: firstSequence(Date.now()),
      metadata: { partitions: String(settings.partitions || (settings.ofNew ?? partitionsDefault)) },
    });
    return config;
  } catch (failure) {
    // Several processes may start on a new NATS at once, and another one may have made the stream.
    const made = await findInbox(jsm);
    if (made === undefined) throw failure;
    return made;
  }
}

/** Gives a log that was made before there were timers the settings that timers need. */
async function bringUp(jsm: JetStreamManager, config: StreamConfig): Promise<void> {
  for (const limit of ['max_bytes', 'max_msgs', 'max_msgs_per_subject', 'max_age'] as const) {
    if (config[limit] <= 0) continue;
    const has = `it has ${limit}=${config[limit]} and would delete what is not processed`;
    throw new Error(`Cannot use stream INBOX: ${has}; nats stream edit takes the limit away`);
  }
  if (config.allow_msg_schedules === true) return;
  const updated = await jsm.streams.update('INBOX', { ...config, ...timed });
  if (updated.config.allow_msg_schedules === true) return;
  // A server that is too old ignores the setting, and would keep timers for ever without firing them.
  throw new Error('Cannot use this NATS for the log: it has no timers; it should be 2.12 or newer');
}

/**
 * The first sequence of a log that is made at that time. The history compares positions of the log, so a new
 * log beside an old history must begin above every position of the log before it. That holds as long as no
 * log takes 2,000 records a second through its whole life; fsync allows little more.
 */
export function firstSequence(wallMs: number): number {
  return Math.floor(wallMs / 1_000) * 2_000;
}

/** DEAD keeps what could not be processed. It discards its oldest messages when a gibibyte is full. */
async function ensureDead(jsm: JetStreamManager, replicas: number): Promise<void> {
  if ((await findStream(jsm, 'DEAD')) !== undefined) return;
  await jsm.streams.add({
    name: 'DEAD',
    subjects: ['dead.*'],
    storage: StorageType.File,
    discard: DiscardPolicy.Old,
    max_bytes: 1024 ** 3,
    num_replicas: replicas,
  });
}
