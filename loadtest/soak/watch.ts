import { readdir } from 'node:fs/promises';
import { residentBytes, scrape } from '../process-meters.ts';
import type { Inspector } from './inspector.ts';
import type { Measure, Point, Series } from './judge.ts';

/** A process to watch. nats-server has neither meters nor an inspector. */
export interface Watched {
  readonly name: string;
  readonly pid: number;
  readonly metricsUrl?: string;
  readonly inspector?: Inspector;
}

/** Samples processes and keeps the series of each measure. */
export class Watch {
  readonly #options: { readonly processes: readonly Watched[] };
  readonly #series = new Map<string, { process: string; measure: Measure; points: Point[] }>();
  readonly #logLag = new Map<string, { readonly seconds: number; readonly records: number }>();

  constructor(options: { readonly processes: readonly Watched[] }) {
    this.#options = options;
  }

  get series(): readonly Series[] {
    return [...this.#series.values()];
  }

  async sample(atMs: number): Promise<void> {
    for (const process of this.#options.processes) await this.#look(process, atMs);
  }

  async #look({ name, pid, metricsUrl, inspector }: Watched, atMs: number): Promise<void> {
    const keep = (measure: Measure, value: number) => this.#keep(name, measure, { atMs, value });
    // The meters before the heap, because collecting garbage delays the event loop. Reading the meters resets
    // them, so they show only the time since the last sample.
    if (metricsUrl !== undefined) {
      const samples = await scrape(metricsUrl);
      keep('loop lag', (samples.get(`${name} nodejs_eventloop_lag_p99_seconds`) ?? 0) * 1_000);
      const lag = this.#logLagOf(name, samples);
      if (lag !== undefined) keep('log lag', lag);
    }
    if (inspector !== undefined) keep('heap', await inspector.heapBytes());
    keep('rss', await residentBytes(pid));
    keep('handles', (await readdir(`/proc/${pid}/fd`)).length);
  }

  /** The mean age of the records that the process took since the last sample; undefined without any. */
  #logLagOf(name: string, samples: ReadonlyMap<string, number>): number | undefined {
    const seconds = samples.get(`${name} rapport_log_lag_seconds_sum`) ?? 0;
    const records = samples.get(`${name} rapport_log_lag_seconds_count`) ?? 0;
    const before = this.#logLag.get(name) ?? { seconds: 0, records: 0 };
    if (records === before.records) return undefined;
    this.#logLag.set(name, { seconds, records });
    return ((seconds - before.seconds) / (records - before.records)) * 1_000;
  }

  #keep(process: string, measure: Measure, point: Point): void {
    const key = `${process} ${measure}`;
    const series = this.#series.get(key) ?? { process, measure, points: [] };
    this.#series.set(key, series);
    series.points.push(point);
  }
}
