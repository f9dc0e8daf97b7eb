// Hop 4 of 12: gateway/incoming/inbound - frame -> envelope, coalesced per partition and event-loop turn.
import type { Envelope } from '@rapport/proto/envelope.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Inbox } from '@rapport/stream/inbox.ts';
import type { Meters } from '../meters.ts';

/** One append: half of NATS' 1 MiB, because the size is estimated. */
const appendBytesMax = 512 * 1024;
const appendEnvelopesMax = 1_024;
/** What waits of one partition while the log is slow or away; beyond it the answer is `busy`. */
const waitingBytesMax = 2 * 1024 * 1024;
const waitingEnvelopesMax = 4_096;
/** An envelope without its text. */
const envelopeBytes = 320;

/** So long after an append was given up the log counts as refusing, unless one succeeds. */
const refusingMs = 15_000;

/** What becomes of an envelope: `accepted` when it is in the log, `lost` when that is not known. */
export type Outcome = (settled: 'accepted' | 'lost') => void;

/** A partition's lane into the log. */
interface Lane {
  waiting: { readonly envelope: Envelope; readonly bytes: number; readonly outcome: Outcome | undefined }[];
  waitingBytes: number;
  appending: boolean;
}

/**
 * Gathers envelopes and appends them, at most one append of a partition at a time: while one is on its way to
 * the disk, the next gathers, so that appends grow with the load. Order is kept within a partition.
 */
export class Inbound {
  readonly #inbox: Pick<Inbox, 'append'>;
  readonly #gatewayId: string;
  readonly #meters: Meters;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #lanes: readonly Lane[];
  readonly #ready = new Set<number>();
  #appends = 0;
  /** Why the newest append was given up, and when; undefined once one succeeded. */
  #refusal: { readonly reason: string; readonly atMs: number } | undefined;
  #open = 0;
  #idle: (() => void)[] = [];

  constructor(options: {
    readonly inbox: Pick<Inbox, 'append' | 'partitions'>;
    readonly gatewayId: string;
    readonly meters: Meters;
    readonly log: Log;
    readonly clock: Clock;
  }) {
    this.#inbox = options.inbox;
    this.#gatewayId = options.gatewayId;
    this.#meters = options.meters;
    this.#log = options.log;
    this.#clock = options.clock;
    this.#lanes = Array.from({ length: options.inbox.partitions }, () => ({
      waiting: [],
      waitingBytes: 0,
      appending: false,
    }));
  }

  /** Why the log takes nothing just now; undefined when it does, or when nobody tried for a while. */
  get refusal(): string | undefined {
    const { reason, atMs } = this.#refusal ?? { reason: '', atMs: Number.NEGATIVE_INFINITY };
    return this.#clock.monotonicMs() - atMs < refusingMs ? reason : undefined;
  }

  /** False when too much waits already; then `outcome` is not called. */
  add(partition: number, envelope: Envelope, outcome?: Outcome): boolean {
    const lane = this.#lanes[partition];
    if (lane === undefined) throw new Error(`Cannot append to partition ${partition}: there is none`);
    const bytes = envelopeBytes + (envelope.event.kind === 'said' ? 3 * envelope.event.text.length : 0);
    if (lane.waiting.length >= waitingEnvelopesMax || lane.waitingBytes + bytes > waitingBytesMax)
      return false;
    lane.waiting.push({ envelope, bytes, outcome });
    lane.waitingBytes += bytes;
    if (!lane.appending) this.#schedule(partition);
    return true;
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
    for (const partition of this.#ready) void this.#append(partition); // It answers for its own failures.
    this.#ready.clear();
  }

  async #append(partition: number): Promise<void> {
    const lane = this.#lanes[partition];
    if (lane === undefined) return;
    const batch = takeBatch(lane);
    lane.appending = true;
    this.#open += 1;
    const settled = await this.#write(
      partition,
      batch.map(({ envelope }) => envelope),
    );
    lane.appending = false;
    this.#open -= 1;
    if (lane.waiting.length > 0) this.#schedule(partition);
    for (const { outcome } of batch) outcome?.(settled);
    if (this.#open > 0 || this.#ready.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #write(partition: number, envelopes: readonly Envelope[]): Promise<'accepted' | 'lost'> {
    this.#appends += 1;
    this.#meters.appendEnvelopes.observe(envelopes.length);
    const end = this.#meters.appendSeconds.startTimer();
    try {
      await this.#inbox.append(partition, envelopes, `${this.#gatewayId}-${this.#appends}`);
      this.#refusal = undefined;
      return 'accepted';
    } catch (failure) {
      this.#meters.appendFailures.inc();
      this.#refusal = { reason: reasonOf(failure), atMs: this.#clock.monotonicMs() };
      this.#log.warn({ partition, reason: reasonOf(failure) }, 'append given up');
      return 'lost';
    } finally {
      end();
    }
  }
}

/** The oldest of what waits, as much as one append may hold. */
function takeBatch(lane: Lane): Lane['waiting'] {
  let count = 0;
  let bytes = 0;
  for (const { bytes: more } of lane.waiting) {
    if (count === appendEnvelopesMax || (count > 0 && bytes + more > appendBytesMax)) break;
    bytes += more;
    count += 1;
  }
  lane.waitingBytes -= bytes;
  if (count === lane.waiting.length) {
    const all = lane.waiting;
    lane.waiting = [];
    return all;
  }
  return lane.waiting.splice(0, count);
}
