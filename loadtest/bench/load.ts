import { setTimeout as sleep } from 'node:timers/promises';
import { build, type Histogram } from 'hdr-histogram-js';
import { type Stored, Talker } from '../talker.ts';

/** An order to the load generator. */
export type Job = {
  readonly port: number;
  /** One per socket. */
  readonly tokens: readonly string[];
} & (
  | {
      /** Every socket always has `inFlight` says that are not stored yet. Measures throughput. */
      readonly kind: 'closed';
      readonly inFlight: number;
      readonly warmUpMs: number;
      readonly measureMs: number;
    }
  | {
      /** Says are due at a fixed rate, however slow the answers are. Measures latency. */
      readonly kind: 'open';
      readonly saysPerSecond: number;
      readonly warmUpMs: number;
      readonly measureMs: number;
    }
  | {
      /** Sockets that send nothing after their hello. The process holds them until it ends. */
      readonly kind: 'idle';
    }
);

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Load {
  readonly storedPerSecond: number;
  /** Milliseconds from the moment at which a say was due: a stall counts for every say that it delays. */
  readonly sinceDueMs: Percentiles;
  readonly sinceSentMs: Percentiles;
  /** Says that were not stored ten seconds after the last say was sent. */
  readonly unstored: number;
  /** Broken promises as sentences, with how often each was broken. */
  readonly wrong: Readonly<Record<string, number>>;
  readonly cpuSeconds: number;
  readonly seconds: number;
}

const connectAtOnceMax = 100;
const drainMs = 10_000;

/** Runs the job and returns the measured load. An idle job ends when every socket has its welcome. */
export async function runLoad(job: Job): Promise<Load> {
  const gauge = new Gauge();
  let more: (talker: Talker) => void = () => undefined;
  const talkers = job.tokens.map(
    (token) =>
      new Talker({
        port: job.port,
        token,
        onStored: (stored, talker) => {
          gauge.stored(stored);
          more(talker);
        },
        onWrong: (sentence) => gauge.wrong(sentence),
      }),
  );
  await openAll(talkers);
  if (job.kind === 'idle') return gauge.load(1, talkers);
  const ending = new AbortController();
  if (job.kind === 'closed') {
    more = (talker) => {
      if (!ending.signal.aborted) talker.say(performance.now());
    };
    for (const talker of talkers) {
      for (let at = 0; at < job.inFlight; at += 1) talker.say(performance.now());
      talker.flush();
    }
  } else void sayAtRate(talkers, job.saysPerSecond, ending.signal); // Ends with the signal.
  await sleep(job.warmUpMs);
  gauge.begin();
  const beganMs = performance.now();
  await sleep(job.measureMs);
  gauge.end();
  const seconds = (performance.now() - beganMs) / 1_000;
  ending.abort();
  await drained(talkers);
  return gauge.load(seconds, talkers);
}

async function openAll(talkers: readonly Talker[]): Promise<void> {
  for (let at = 0; at < talkers.length; at += connectAtOnceMax) {
    await Promise.all(talkers.slice(at, at + connectAtOnceMax).map((talker) => talker.open()));
  }
}

/** Sends every say that is due, however late this loop runs. Each say keeps the time at which it was due. */
async function sayAtRate(
  talkers: readonly Talker[],
  saysPerSecond: number,
  signal: AbortSignal,
): Promise<void> {
  const beganMs = performance.now();
  for (let said = 0; !signal.aborted; ) {
    const dueMs = beganMs + (said * 1_000) / saysPerSecond;
    const nowMs = performance.now();
    if (dueMs > nowMs) {
      await sleep(dueMs - nowMs);
      continue;
    }
    const talker = talkers[said % talkers.length];
    talker?.say(dueMs);
    talker?.flush();
    said += 1;
  }
}

async function drained(talkers: readonly Talker[]): Promise<void> {
  const untilMs = performance.now() + drainMs;
  while (performance.now() < untilMs && talkers.some(({ waiting }) => waiting > 0)) await sleep(20);
}

class Gauge {
  readonly #sinceDueUs = microseconds();
  readonly #sinceSentUs = microseconds();
  readonly #wrong: Record<string, number> = {};
  #measuring = false;
  #count = 0;
  #cpu = process.cpuUsage();

  begin(): void {
    this.#measuring = true;
    this.#cpu = process.cpuUsage();
  }

  end(): void {
    this.#measuring = false;
    this.#cpu = process.cpuUsage(this.#cpu);
  }

  stored({ dueMs, sentMs }: Stored): void {
    if (!this.#measuring) return;
    const nowMs = performance.now();
    this.#count += 1;
    this.#sinceDueUs.recordValue(Math.max(1, Math.round((nowMs - dueMs) * 1_000)));
    this.#sinceSentUs.recordValue(Math.max(1, Math.round((nowMs - sentMs) * 1_000)));
  }

  wrong(sentence: string): void {
    this.#wrong[sentence] = (this.#wrong[sentence] ?? 0) + 1;
  }

  load(seconds: number, talkers: readonly Talker[]): Load {
    return {
      storedPerSecond: Math.round(this.#count / seconds),
      sinceDueMs: percentiles(this.#sinceDueUs),
      sinceSentMs: percentiles(this.#sinceSentUs),
      unstored: talkers.reduce((sum, { waiting }) => sum + waiting, 0),
      wrong: this.#wrong,
      seconds,
      cpuSeconds: (this.#cpu.user + this.#cpu.system) / 1e6,
    };
  }
}

function microseconds(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 120_000_000,
    numberOfSignificantValueDigits: 3,
  });
}

function percentiles(histogram: Histogram): Percentiles {
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1_000;
  return { p50: at(50), p99: at(99), max: at(100) };
}
