import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Inbox } from '@rapport/stream/inbox.ts';
import type { Owner, Owners } from '@rapport/stream/owners.ts';

/** How often old records are deleted from the log. */
const purgeEveryMs = 60_000;

/** How far a worker has come. */
export interface Progress {
  readonly performed: number;
  readonly running: readonly string[];
}

interface Followed {
  owner: Owner;
  readonly progress: Progress;
  /** Records up to this sequence are deleted. */
  purged: number;
  busy: boolean;
  /** The newest write. Writes of a partition follow each other, because each expects the revision before. */
  writing: Promise<unknown>;
}

/** Writes the workers' progress from time to time, and deletes records that were processed long ago. */
export class Checkpoints {
  readonly #owners: Pick<Owners, 'checkpoint'>;
  readonly #inbox: Pick<Inbox, 'newestBefore' | 'purge'>;
  readonly #keepMs: number;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onLost: (partition: number) => void;
  #followed: readonly Followed[] = [];
  readonly #stops: readonly (() => void)[];
  #next = 0;

  constructor(options: {
    readonly owners: Pick<Owners, 'checkpoint'>;
    readonly inbox: Pick<Inbox, 'newestBefore' | 'purge'>;
    /** How often each partition's progress is written. */
    readonly checkpointMs: number;
    readonly partitions: number;
    readonly keepMs: number;
    readonly clock: Clock;
    readonly log: Log;
    /** Called when this host does not own a partition any more. */
    readonly onLost: (partition: number) => void;
  }) {
    this.#owners = options.owners;
    this.#inbox = options.inbox;
    this.#keepMs = options.keepMs;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onLost = options.onLost;
    this.#stops = [
      // One partition after the other: all at once would hold up appends behind a row of fsyncs.
      this.#clock.every(Math.max(1, options.checkpointMs / options.partitions), () => this.#writeNext()),
      this.#clock.every(purgeEveryMs, () => void this.#purgeAll()), // It logs its failures.
    ];
  }

  follow(owner: Owner, progress: Progress): void {
    const followed = { owner, progress, purged: 0, busy: false, writing: Promise.resolve() };
    this.#followed = [...this.#followed, followed];
  }

  forget(partition: number): void {
    this.#followed = this.#followed.filter(({ owner }) => owner.partition !== partition);
  }

  /** Writes the progress now, even if it has not changed; false when this host is not the owner any more. */
  async confirm(partition: number): Promise<boolean> {
    const followed = this.#find(partition);
    return followed !== undefined && (await this.#write(followed, followed.owner.hostId));
  }

  /** Writes the last progress and lets go of the partition, in one write. */
  async release(partition: number): Promise<void> {
    const followed = this.#find(partition);
    if (followed === undefined) return;
    this.forget(partition);
    await this.#write(followed, '');
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #find(partition: number): Followed | undefined {
    return this.#followed.find(({ owner }) => owner.partition === partition);
  }

  #writeNext(): void {
    const followed = this.#followed[this.#next % Math.max(1, this.#followed.length)];
    this.#next = (this.#next + 1) % Math.max(1, this.#followed.length);
    if (followed === undefined || followed.busy || followed.progress.performed <= followed.owner.checkpoint)
      return;
    followed.busy = true;
    void this.#writeLazily(followed); // It logs its failures.
  }

  async #writeLazily(followed: Followed): Promise<void> {
    const { partition, hostId } = followed.owner;
    try {
      const isOurs = await this.#write(followed, hostId);
      if (!isOurs && this.#followed.includes(followed)) this.#onLost(partition);
    } catch (failure) {
      // A later tick writes it. After a crash until then, a little more is read again.
      this.#log.warn({ partition, reason: reasonOf(failure) }, 'checkpoint not written');
    } finally {
      followed.busy = false;
    }
  }

  #write(followed: Followed, hostId: string): Promise<boolean> {
    const writing = followed.writing.then(async () => {
      const { performed, running } = followed.progress;
      const owner: Owner = { ...followed.owner, hostId, checkpoint: performed, running };
      const isOurs = await this.#owners.checkpoint(owner);
      if (isOurs) followed.owner = owner;
      return isOurs;
    });
    followed.writing = writing.catch(() => undefined); // The caller of this write gets the failure.
    return writing;
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
