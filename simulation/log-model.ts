import { encodeBatch, envelopesOf } from '@rapport/proto/batch.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import { follow, type Run } from '@rapport/stream/follow.ts';
import type { Inbox, LogRecord } from '@rapport/stream/inbox.ts';
import type { Chance } from './chance.ts';
import type { Fate } from './fate.ts';
import type { World } from './world.ts';

/** A record as the model keeps it: decoded, because checks look at all records again and again. */
export interface KeptRecord extends LogRecord {
  readonly envelopes: readonly Envelope[];
}

/** A reader of a partition. */
interface Read {
  readonly fate: Fate;
  readonly partition: number;
  readonly signal: AbortSignal;
}

/** A reader whose server left gets nothing for this time before it begins again. */
const lostMs = 1_000;

/**
 * The log: every partition in order, an append known by its id. The log may refuse an append, take it and not
 * answer, take it after the sender gave up, hold records back from a reader, and lose a reader, also while
 * the reader begins. A record that the log has taken stays.
 */
export class LogModel {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #partitions: readonly KeptRecord[][];
  readonly #appendIds = new Set<string>();
  readonly #waiting = new Set<() => void>();
  readonly #reads = new Set<Read>();
  #sequence = 1_000;

  constructor(world: World, partitions: number) {
    this.#world = world;
    this.#chance = world.chance('log');
    this.#partitions = Array.from({ length: partitions }, () => []);
  }

  /** All records that were ever appended, by partition. */
  get partitions(): readonly (readonly KeptRecord[])[] {
    return this.#partitions;
  }

  holds(accepts: (envelope: Envelope) => boolean): boolean {
    return this.#partitions.some((records) => records.some(({ envelopes }) => envelopes.some(accepts)));
  }

  /** The log as one process has it. */
  open(fate: Fate): Inbox {
    return {
      partitions: this.#partitions.length,
      append: (partition, entries, appendId) =>
        this.#append(fate, { partition, given: encodeBatch(entries), appendId }),
      read: (partition, afterSequence, signal) => this.#read({ fate, partition, signal }, afterSequence),
      lastSequence: () =>
        fate.ask({ thereMs: 1, backMs: fate.isCutOff ? 800 : 1 }, () =>
          fate.isCutOff ? refuse() : this.#sequence,
        ),
      newestBefore: async (timeMs) => {
        const old = this.#partitions.flat().filter(({ timeUs }) => timeUs < timeMs * 1_000);
        return Math.max(0, ...old.map(({ sequence }) => sequence));
      },
      purge: async () => undefined, // Nothing is purged: the checks fold every record again.
      bury: async ({ reason }) => {
        this.#world.fail('no event is buried', `${fate.name} buried one: ${reason}`);
      },
    };
  }

  #append(
    fate: Fate,
    append: { readonly partition: number; readonly given: string; readonly appendId: string },
  ): Promise<void> {
    const { faults, time } = this.#world;
    const thereMs = this.#chance.between(1, 4);
    if (fate.isCutOff || faults.strikes('append_refused')) return fate.ask({ thereMs, backMs: 800 }, refuse);
    if (faults.strikes('append_late')) {
      time.after(this.#chance.between(50, 6_000), () => this.put(append));
      return fate.ask({ thereMs, backMs: this.#chance.between(20, 3_000) }, refuse);
    }
    if (faults.strikes('append_unanswered')) {
      return fate.ask({ thereMs, backMs: this.#chance.between(20, 3_000) }, () => {
        this.put(append);
        refuse();
      });
    }
    if (faults.strikes('append_twice')) {
      const againMs = this.#chance.between(1, 3_000);
      time.after(againMs, () => this.put({ ...append, appendId: `${append.appendId}/again` }));
    }
    return fate.ask({ thereMs, backMs: 1 }, () => this.put(append));
  }

  /** Adds one record, unless its append is known already. */
  put(append: { readonly partition: number; readonly given: string; readonly appendId: string }): void {
    const { partition, given, appendId } = append;
    const records = this.#partitions[partition];
    if (records === undefined) throw new Error(`Cannot append to partition ${partition}: there is none`);
    if (this.#appendIds.has(appendId)) return;
    this.#appendIds.add(appendId);
    this.#sequence += 1;
    const bytes = Buffer.from(given);
    const envelopes = envelopesOf(bytes);
    const timeUs = (1_800_000_000_000 + this.#world.time.nowMs) * 1_000;
    const sequence = this.#sequence;
    records.push({ partition, sequence, timeUs, pending: 0, envelopes, bytes });
    this.#world.tell('log', `${partition}/${sequence} ${envelopes.map(said).join(', ')}`);
    for (const wake of [...this.#waiting]) wake();
  }

  /** The number of readers of a partition that want to go on. */
  readersOf(partition: number): number {
    const reads = [...this.#reads].filter((read) => read.partition === partition);
    return reads.filter(({ fate, signal }) => fate.at !== 'dead' && !signal.aborted).length;
  }

  async *#read(read: Read, afterSequence: number): AsyncIterable<LogRecord> {
    const { fate, partition, signal } = read;
    let last = afterSequence;
    const records = follow({
      begin: () => this.#begin(read, last),
      onReturn: (act) => fate.onReturn(act),
      onFailure: () => this.#world.tell(fate.name, `begins to read ${partition} again`),
      clock: fate.clock,
      signal,
    });
    this.#reads.add(read);
    try {
      for await (const record of records) {
        last = record.sequence;
        yield record;
      }
    } finally {
      this.#reads.delete(read);
    }
  }

  #begin({ fate, partition }: Read, afterSequence: number): Promise<Run<LogRecord>> {
    const { faults } = this.#world;
    const isRefused = fate.isCutOff || faults.strikes('reader_refused');
    const backMs = isRefused || faults.strikes('reader_late') ? this.#chance.between(50, 1_000) : 1;
    return fate.ask({ thereMs: this.#chance.between(1, 4), backMs }, () => {
      if (isRefused) refuse();
      return this.#run(fate, this.#partitions[partition] ?? [], afterSequence);
    });
  }

  /** The records that a reader gets until it stops or its connection was down. */
  #run(fate: Fate, records: readonly LogRecord[], afterSequence: number): Run<LogRecord> {
    const { faults } = this.#world;
    let stopped = false;
    let forgotten = false;
    let wake = () => {};
    const stop = () => {
      stopped = true;
      wake();
    };
    const forget = fate.onReturn(() => {
      forgotten = true;
    });
    const arrival = () =>
      new Promise<void>((resolve) => {
        wake = () => {
          this.#waiting.delete(wake);
          const paused = faults.strikes('log_paused') ? this.#chance.between(200, 3_000) : 0;
          fate.later(this.#chance.between(1, 3) + paused, resolve);
        };
        this.#waiting.add(wake);
      });
    async function* handOn(): AsyncIterator<LogRecord> {
      let last = afterSequence;
      try {
        while (!stopped) {
          const isDeaf = forgotten || fate.isCutOff;
          const record = isDeaf ? undefined : records.find(({ sequence }) => sequence > last);
          if (record === undefined) {
            await arrival();
            continue;
          }
          if (faults.strikes('reader_lost')) {
            await fate.clock.sleep(lostMs);
            return;
          }
          last = record.sequence;
          yield { ...record, pending: records.length - 1 - records.indexOf(record) };
        }
      } finally {
        forget();
      }
    }
    return { stop, [Symbol.asyncIterator]: handOn };
  }
}

function refuse(): never {
  throw new Fault('busy', 'Cannot reach the log: it did not answer');
}

/** An envelope in the words of a trace. */
function said({ userId, event }: Envelope): string {
  const of = 'turnId' in event ? ` ${event.turnId}` : '';
  const detail =
    event.kind === 'said' ? ` ${event.deviceId.slice(0, 4)}:${event.clientSeq} "${event.text}"` : of;
  return `${userId} ${event.kind}${detail}`;
}
