import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { openHistory } from '@rapport/history/open-history.ts';
import { encodeEnvelope } from '@rapport/proto/batch.ts';
import type { ConversationKey } from '@rapport/proto/identity.ts';
import { freePort } from '@rapport/runtime/free-port.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { openStream, type Stream } from '@rapport/stream/open-stream.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { putQuietCreator, quietCreator } from '../bench/quiet-creator.ts';
import { peakResidentBytes, scrape } from '../process-meters.ts';

export interface BacklogOptions {
  /** The says of all people together. */
  readonly says: number;
  readonly people: number;
  readonly partitions: number;
  readonly charsEach: number;
  readonly tell: (sentence: string) => void;
}

/** The memory and time of one actor host that caught up after its store was away. */
export interface Backlog {
  readonly says: number;
  /** The records that waited in the log when the store came back. */
  readonly records: number;
  /** The most memory that the actor host ever had. */
  readonly peakRssBytes: number;
  /** The most that it held of records that were read and not yet processed, as seen every 50 ms. */
  readonly peakReadAheadBytes: number;
  readonly catchUpMs: number;
  /** Says that are not stored exactly once, or not in the order of their device. */
  readonly wrong: number;
}

/** As many as a gateway under load puts into one append. */
const saysPerRecord = 1_024;
const lookEveryMs = 50;
const caughtUpWithinMs = 600_000;
const log = createLog({ name: 'backlog', level: 'silent' });

/** Takes the store away from a running actor host, fills the log, gives the store back and watches. */
export async function runBacklog(options: BacklogOptions): Promise<Backlog> {
  const port = await freePort('127.0.0.1');
  const env = {
    PARTITIONS: String(options.partitions),
    ACTORS_HEALTH_PORT: String(port),
    LOG_LEVEL: 'error',
  };
  const rapport = await startRapport({ env });
  try {
    await putQuietCreator(rapport.natsUrl);
    const stream = await openStream({ url: rapport.natsUrl, name: 'backlog', partitions: 0, log });
    try {
      return await fillAndWatch({
        ...options,
        rapport,
        stream,
        metricsUrl: `http://127.0.0.1:${port}/metrics`,
      });
    } finally {
      await stream.close();
    }
  } finally {
    await rapport.stop();
  }
}

interface Run extends BacklogOptions {
  readonly rapport: TestRapport;
  readonly stream: Stream;
  readonly metricsUrl: string;
}

async function fillAndWatch(run: Run): Promise<Backlog> {
  const { rapport, tell } = run;
  const people = peopleOf(run.people);
  const giveBack = takeStore(rapport.dataDir);
  const records = await fill(run, people);
  tell(`the store is away, and ${run.says} says in ${records} records wait`);
  giveBack();
  const beganMs = performance.now();
  const peakReadAheadBytes = await caughtUp(run, people);
  const catchUpMs = performance.now() - beganMs;
  const peakRssBytes = await peakResidentBytes(rapport.pids.actors);
  const wrong = await wrongAmong(run, people);
  return { says: run.says, records, peakRssBytes, peakReadAheadBytes, catchUpMs, wrong };
}

function peopleOf(count: number): readonly (ConversationKey & { readonly deviceId: string })[] {
  return Array.from({ length: count }, (_, at) => {
    return { creatorId: quietCreator, userId: `person-${at + 1}`, deviceId: randomUUID() };
  });
}

/** Holds the lock of the history file, so that every commit of the host is refused; returns what lets go. */
function takeStore(dataDir: string): () => void {
  const file = new DatabaseSync(join(dataDir, 'history.db'));
  file.exec('PRAGMA busy_timeout = 10000');
  file.exec('BEGIN IMMEDIATE');
  return () => {
    file.exec('ROLLBACK');
    file.close();
  };
}

/** Everyone says the next thing in turn, as on a busy day. Returns how many records hold it. */
async function fill({ stream, says, partitions, charsEach }: Run, people: ReturnType<typeof peopleOf>) {
  const text = 'x'.repeat(charsEach);
  const waiting = Array.from({ length: partitions }, (): string[] => []);
  let records = 0;
  const append = async (partition: number) => {
    const entries = waiting[partition]?.splice(0) ?? [];
    if (entries.length === 0) return;
    await stream.inbox.append(partition, entries, randomUUID());
    records += 1;
  };
  for (let said = 0; said < says; said += 1) {
    const { deviceId, ...key } = people[said % people.length] ?? fail();
    const clientSeq = Math.floor(said / people.length) + 1;
    const partition = partitionOf(key, partitions);
    const event = { kind: 'said', deviceId, clientSeq, id: randomUUID(), text, channel: 'web' } as const;
    const entries = waiting[partition] ?? fail();
    entries.push(encodeEnvelope({ ...key, event }));
    if (entries.length === saysPerRecord) await append(partition);
  }
  for (let partition = 0; partition < partitions; partition += 1) await append(partition);
  return records;
}

/** Resolves when nothing waits any more, with the most bytes of records that the host was seen to hold. */
async function caughtUp({ metricsUrl, tell, says, people: count }: Run, people: ReturnType<typeof peopleOf>) {
  const untilMs = performance.now() + caughtUpWithinMs;
  let peak = 0;
  for (let looks = 0; performance.now() < untilMs; looks += 1) {
    const meters = await scrape(metricsUrl);
    const pending = meters.get('actors rapport_log_pending') ?? Number.POSITIVE_INFINITY;
    peak = Math.max(peak, meters.get('actors rapport_read_ahead_bytes') ?? 0);
    if (looks % 40 === 0) tell(`${pending} records wait`);
    if (pending === 0 && (meters.get('actors rapport_events_total') ?? 0) >= says) return peak;
    await sleep(lookEveryMs);
  }
  throw new Error(
    `Cannot catch up with ${says} says of ${Math.min(count, people.length)} people in 10 minutes`,
  );
}

/** Each person has said dense numbers, so a row that counts them all has each exactly once and in order. */
async function wrongAmong({ rapport, says }: Run, people: ReturnType<typeof peopleOf>): Promise<number> {
  const store = openHistory(`sqlite:${join(rapport.dataDir, 'history.db')}`, { readOnly: true });
  const rows = await store.load(people);
  await store.close();
  const wanted = (at: number) => Math.floor(says / people.length) + (at < says % people.length ? 1 : 0);
  return rows.reduce((sum, row, at) => sum + Math.abs((row?.topSeq ?? 0) - wanted(at)), 0);
}

function fail(): never {
  throw new Error('Cannot fill the log: there are no people or no partitions');
}
