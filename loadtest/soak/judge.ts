/** A measure of a process. Memory is in bytes, lag in milliseconds. */
export type Measure = 'heap' | 'rss' | 'handles' | 'loop lag' | 'log lag';

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** One measure of one process over the whole run. */
export interface Series {
  readonly process: string;
  readonly measure: Measure;
  readonly points: readonly Point[];
}

export interface Verdict {
  readonly process: string;
  readonly measure: Measure;
  /** The median of the second half, and the growth of its trend over that half. */
  readonly level: number;
  readonly growth: number;
  readonly allowed: number;
  readonly flat: boolean;
}

/** The waves of load in a run. The first half of them is the warm-up, the second half is judged. */
export const wavesPerRun = 16;

const mib = 1024 ** 2;

/**
 * The growth that the second half may have: a share of its level, or a least amount where that is larger,
 * because noise looks like a small trend. Memory and handles are judged by the lowest sample of each wave:
 * garbage and the wave itself come on top of a leak. Lag is judged by the median sample.
 */
const bounds: Readonly<Record<Measure, { readonly share: number; readonly least: number }>> = {
  heap: { share: 0.1, least: 2 * mib },
  rss: { share: 0.1, least: 12 * mib },
  handles: { share: 0.1, least: 8 },
  'loop lag': { share: 0.5, least: 100 },
  'log lag': { share: 0.5, least: 200 },
};

/** Memory that a process fills once, however long that takes: growth up to here is no leak. */
const cacheBytes: Readonly<Record<string, number>> = {
  actors: 8 * mib, // The page cache of its SQLite file: `cache_size` in history/sqlite-file.ts.
  nats: 64 * mib, // An index entry for each record that the log keeps.
};

/** Undefined when the series is too short to be judged. */
export function judge({ process, measure, points }: Series): Verdict | undefined {
  const [first, last] = [points[0]?.atMs ?? 0, points.at(-1)?.atMs ?? 0];
  const waveMs = (last - first) / wavesPerRun;
  const waves = Map.groupBy(points, ({ atMs }) =>
    Math.min(wavesPerRun - 1, Math.floor((atMs - first) / waveMs)),
  );
  const judged = [...waves]
    .filter(([wave]) => wave >= wavesPerRun / 2)
    .map(([wave, some]) => ({ atMs: wave * waveMs, value: ofWave(measure, some) }));
  if (judged.length < 3) return undefined;
  const level = middle(judged.map(({ value }) => value));
  const growth = (slope(judged) * (last - first)) / 2;
  const { share, least } = bounds[measure];
  const allowed = Math.max(share * level, least) + (measure === 'rss' ? (cacheBytes[process] ?? 0) : 0);
  return { process, measure, level, growth, allowed, flat: growth <= allowed };
}

function ofWave(measure: Measure, points: readonly Point[]): number {
  const values = points.map(({ value }) => value);
  return measure.endsWith('lag') ? middle(values) : Math.min(...values);
}

/** The Theil-Sen estimator: the median of the slopes between all pairs, so that no single wave decides. */
function slope(points: readonly Point[]): number {
  const slopes = points.flatMap((from, at) =>
    points.slice(at + 1).map((to) => (to.value - from.value) / (to.atMs - from.atMs)),
  );
  return middle(slopes);
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? 0) + upper) / 2;
}
