// Hop 4 of 12, aside: stream/appender - envelopes, coalesced per partition and event-loop turn.
import { encodeEnvelope } from '@rapport/proto/batch.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { Fault, isUnrecoverable, reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Inbox } from './inbox.ts';

/** Encoded envelopes of one append. A reader buffers two such records of each partition: consume.ts. */
export const appendBytesMax = 512 * 1024;
/** A position in the log has room for the index of 1,024 envelopes: actors/partition/batch.ts. */
const appendEnvelopesMax = 1_024;
/** Encoded envelopes of one partition that wait while the log is slow or away; `add` refuses more. */
const waitingBytesMax = 2 * 1024 * 1024;
const waitingEnvelopesMax = 4_096;
/** The log counts as refusing when every append of so long was given up, */
const refusingAfterMs = 60_000;
/** and the newest of them not longer ago than this: else no append was tried. */
const refusedWithinMs = 15_000;

/**
 * What became of an envelope. `accepted`: it is in the log. `lost`: that is not known, and the sender may
 * send it again. `refused`: the log takes no such record, however often it is sent.
 */
export type Outcome = 'accepted' | 'lost' | 'refused';

/** What an appender counts. The gateway and the actor host register these meters under names of their own. */
export interface AppendMeters {
  readonly appendEnvelopes: { observe(envelopes: number): void };
  readonly appendSeconds: { startTimer(): () => unknown };
  readonly appendFailures: { inc(): void };
}

export interface AppenderOptions {
  readonly inbox: Pick<Inbox, 'append' | 'partitions'>;
  /** Unique among all processes and their restarts: the log knows an append by this name and a number. */
  readonly name: string;
  readonly meters: AppendMeters;
  readonly log: Log;
  readonly clock: Clock;
}

interface Waiting {
  readonly encoded: string;
  readonly bytes: number;
  readonly settle: ((outcome: Outcome) => void) | undefined;
}

/** The envelopes of one partition on their way into the log. */
interface Queue {
  waiting: Waiting[];
  waitingBytes: number;
  appending: boolean;
  /** The newest append was given up. */
  refused: boolean;
}

/**
 * Gathers envelopes and appends them, one append of a partition at a time. While one append is on its way to
 * the disk the next one gathers, so appends grow with the load. Order is kept within a partition.
 */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #queues: readonly Queue[];
  readonly #ready = new Set<number>();
  #appends = 0;
  /** Appends that were given up since the last one that succeeded; undefined when there are none. */
  #refusal: { readonly sinceMs: number; readonly newestMs: number; readonly reason: string } | undefined;
  #open = 0;
  #idle: (() => void)[] = [];

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#queues = Array.from({ length: options.inbox.partitions }, () => ({
      waiting: [],
      waitingBytes: 0,
      appending: false,
      refused: false,
    }));
  }

  /** Partitions whose newest append was given up: what is sent to the others comes into the log. */
  get refusingPartitions(): number {
    return this.#queues.filter(({ refused }) => refused).length;
  }

  /** Why nothing at all was appended for a minute; undefined when something was, or nothing was tried. */
  get refusal(): string | undefined {
    if (this.#refusal === undefined) return undefined;
    const { sinceMs, newestMs, reason } = this.#refusal;
    const nowMs = this.#options.clock.monotonicMs();
    return nowMs - sinceMs >= refusingAfterMs && nowMs - newestMs < refusedWithinMs ? reason : undefined;
  }

  /** False when too much waits already; then `settle` is not called. */
  add(partition: number, envelope: Envelope, settle?: (outcome: Outcome) => void): boolean {
    const queue = this.#queues[partition];
    if (queue === undefined) throw new Error(`Cannot append to partition ${partition}: there is none`);
    const encoded = encodeEnvelope(envelope);
    const bytes = Buffer.byteLength(encoded) + 1; // And a comma.
    if (queue.waiting.length >= waitingEnvelopesMax || queue.waitingBytes + bytes > waitingBytesMax)
      return false;
    queue.waiting.push({ encoded, bytes, settle });
    queue.waitingBytes += bytes;
    if (!queue.appending) this.#schedule(partition);
    return true;
  }

  /**
   * Resolves when the envelope is in the log. Throws Fault `busy` when too much waits, or when it is not
   * known whether the log has it; `bad_request` when the log takes no such record.
   */
  append(partition: number, envelope: Envelope): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome) => {
        if (outcome === 'accepted') resolve();
        else reject(outcome === 'lost' ? notKnown(partition) : notTaken(partition));
      };
      if (!this.add(partition, envelope, settle)) reject(tooMuchWaits(partition));
    });
  }

  /** Resolves when nothing waits and nothing is on its way. */
  drain(): Promise<void> {
    if (this.#open === 0 && this.#ready.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #schedule(partition: number): void {
    if (this.#ready.size === 0) setImmediate(() => this.#flush());
    this.#ready.add(partition);
  }

  #flush(): void {
    for (const partition of this.#ready) void this.#append(partition); // `#write` answers for its failures.
    this.#ready.clear();
  }

  async #append(partition: number): Promise<void> {
    const queue = this.#queues[partition];
    if (queue === undefined) return;
    const batch = takeBatch(queue);
    queue.appending = true;
    this.#open += 1;
    const encoded = batch.map((waiting) => waiting.encoded);
    const outcome = await this.#write(partition, encoded);
    queue.appending = false;
    queue.refused = outcome === 'lost';
    this.#open -= 1;
    if (queue.waiting.length > 0) this.#schedule(partition);
    for (const { settle } of batch) settle?.(outcome);
    if (this.#open > 0 || this.#ready.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #write(partition: number, encoded: readonly string[]): Promise<Outcome> {
    const { inbox, name, meters, log, clock } = this.#options;
    this.#appends += 1;
    meters.appendEnvelopes.observe(encoded.length);
    const end = meters.appendSeconds.startTimer();
    try {
      await inbox.append(partition, encoded, `${name}-${this.#appends}`);
      if (this.#refusal !== undefined) log.info({ partition }, 'an append succeeded again');
      this.#refusal = undefined;
      return 'accepted';
    } catch (failure) {
      meters.appendFailures.inc();
      log.warn({ partition, reason: reasonOf(failure) }, 'append given up');
      if (isUnrecoverable(failure)) return 'refused'; // This record's fault: the log takes others.
      const nowMs = clock.monotonicMs();
      const sinceMs = this.#refusal?.sinceMs ?? nowMs;
      this.#refusal = { sinceMs, newestMs: nowMs, reason: reasonOf(failure) };
      return 'lost';
    } finally {
      end();
    }
  }
}

function tooMuchWaits(partition: number): Fault {
  return new Fault('busy', `Cannot append to partition ${partition}: too much waits for the log`);
}

function notKnown(partition: number): Fault {
  return new Fault('busy', `Cannot append to partition ${partition}: the log did not say that it has it`);
}

function notTaken(partition: number): Fault {
  return new Fault('bad_request', `Cannot append to partition ${partition}: the log refuses the record`);
}

/** The oldest envelopes that wait, as many as one append may hold. */
function takeBatch(queue: Queue): Waiting[] {
  let count = 0;
  let bytes = 0;
  for (const { bytes: more } of queue.waiting) {
    if (count === appendEnvelopesMax || (count > 0 && bytes + more > appendBytesMax)) break;
    bytes += more;
    count += 1;
  }
  queue.waitingBytes -= bytes;
  if (count === queue.waiting.length) {
    const all = queue.waiting;
    queue.waiting = [];
    return all;
  }
  return queue.waiting.splice(0, count);
}
