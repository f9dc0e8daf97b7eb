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
  /** Records up to this one are deleted. */
  purged: number;
  busy: boolean;
  writing: Promise<void>;
}

/** Writes the workers' progress, lazily, and deletes what was processed long ago. */
export class Checkpoints {
  readonly #owners: Owners;
  readonly #inbox: Pick<Inbox, 'newestBefore' | 'purge'>;
  readonly #keepMs: number;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onFailure: (failure: unknown) => void;
  readonly #followed: Followed[] = [];
  readonly #stops: readonly (() => void)[];
  #next = 0;

  constructor(options: {
    readonly owners: Owners;
    readonly inbox: Pick<Inbox, 'newestBefore' | 'purge'>;
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
      this.#clock.every(purgeEveryMs, () => void this.#purgeAll()), // It answers for its failures.
    ];
  }

  follow(owner: Owner, progress: Progress): void {
    this.#followed.push({ owner, progress, purged: 0, busy: false, writing: Promise.resolve() });
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

  async #purgeAll(): Promise<void> {
    try {
      const old = await this.#inbox.newestBefore(this.#clock.wallMs() - this.#keepMs);
      for (const followed of this.#followed) {
        const { partition, checkpoint } = followed.owner;
        const through = Math.min(old, checkpoint);
        if (through <= followed.purged) continue;
        await this.#inbox.purge(partition, through);
        followed.purged = through;
      }
    } catch (failure) {
      this.#log.warn({ reason: reasonOf(failure) }, 'old records not purged');
    }
  }
}

function isAhead({ owner, progress }: Followed): boolean {
  return progress.performed > owner.checkpoint;
}
