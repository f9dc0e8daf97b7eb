import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Inbox } from '@rapport/stream/inbox.ts';
import type { Owner, Owners } from '@rapport/stream/owners.ts';

/** How often the past is cut off. */
const purgeEveryMs = 60_000;

/** What a worker has done so far. */
export interface Progress {
  readonly performed: number;
  readonly running: readonly string[];
}

interface Followed {
  owner: Owner;
  readonly progress: Progress;
  /** Where the partition was, minute by minute: what lies before the oldest of keepMs ago may go. */
  readonly past: { readonly atMs: number; readonly sequence: number }[];
  busy: boolean;
  writing: Promise<void>;
}

/** Writes the workers' progress, lazily, and deletes what was processed long ago. */
export class Checkpoints {
  readonly #owners: Owners;
  readonly #inbox: Pick<Inbox, 'purge'>;
  readonly #keepMs: number;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onFailure: (failure: unknown) => void;
  readonly #followed: Followed[] = [];
  readonly #stops: readonly (() => void)[];
  #next = 0;

  constructor(options: {
    readonly owners: Owners;
    readonly inbox: Pick<Inbox, 'purge'>;
    /** Each partition's progress is written this often. */
    readonly checkpointMs: number;
    readonly partitions: number;
    readonly keepMs: number;
    readonly clock: Clock;
    readonly log: Log;
    /** Called when a partition is not ours any more. */
    readonly onFailure: (failure: unknown) => void;
  }) {
    this.#owners = options.owners;
    this.#inbox = options.inbox;
    this.#keepMs = options.keepMs;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onFailure = options.onFailure;
    this.#stops = [
      // One after the other: all at once would hold up the appends of everyone behind a row of fsyncs.
      this.#clock.every(Math.max(1, options.checkpointMs / options.partitions), () => this.#writeNext()),
      this.#clock.every(purgeEveryMs, () => this.#purgeAll()),
    ];
  }

  follow(owner: Owner, progress: Progress): void {
    this.#followed.push({ owner, progress, past: [], busy: false, writing: Promise.resolve() });
  }

  /** Writes what is still unwritten and ends. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) stop();
    await Promise.all(
      this.#followed.map(async (followed) => {
        await followed.writing;
        if (isAhead(followed)) await this.#write(followed);
      }),
    );
  }

  #writeNext(): void {
    const followed = this.#followed[this.#next];
    this.#next = (this.#next + 1) % Math.max(1, this.#followed.length);
    if (followed === undefined || followed.busy || !isAhead(followed)) return;
    followed.busy = true;
    followed.writing = this.#write(followed).finally(() => {
      followed.busy = false;
    });
  }

  async #write(followed: Followed): Promise<void> {
    const { performed, running } = followed.progress;
    const owner: Owner = { ...followed.owner, checkpoint: performed, running };
    try {
      if (await this.#owners.checkpoint(owner)) followed.owner = owner;
      else this.#onFailure(new Error(`Partition ${owner.partition} has another owner than ${owner.hostId}`));
    } catch (failure) {
      // A later tick writes what this one could not; a crash until then reads a little more again.
      this.#log.warn({ partition: owner.partition, reason: reasonOf(failure) }, 'checkpoint not written');
    }
  }

  #purgeAll(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const { owner, past } of this.#followed) {
      past.push({ atMs: nowMs, sequence: owner.checkpoint });
      let through = 0;
      while (past[0] !== undefined && past[0].atMs <= nowMs - this.#keepMs)
        through = past.shift()?.sequence ?? 0;
      if (through > 0) void this.#purge(owner.partition, through); // It answers for its failures.
    }
  }

  async #purge(partition: number, through: number): Promise<void> {
    try {
      await this.#inbox.purge(partition, through);
    } catch (failure) {
      this.#log.warn({ partition, reason: reasonOf(failure) }, 'old records not purged');
    }
  }
}

function isAhead({ owner, progress }: Followed): boolean {
  return progress.performed > owner.checkpoint;
}
