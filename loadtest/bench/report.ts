import { cpus, release } from 'node:os';
import type { Figures, Pair } from './figures.ts';
import type { Measured } from './measures.ts';
import type { SystemName } from './systems.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One measurement of both systems over all pairs. `ratio` divides Rapport's by the floor's in each pair. */
export interface Row {
  readonly what: string;
  readonly target?: string;
  readonly floor?: Spread;
  readonly rapport?: Spread;
  readonly ratio?: Spread;
}

export interface Report {
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly kernel: string;
    readonly node: string;
  };
  readonly rows: readonly Row[];
  /** Broken promises of each system, added up over all pairs. Empty when all went well. */
  readonly wrong: Readonly<Record<string, number>>;
}

export function report(pairs: readonly Pair[]): Report {
  const [cpu] = cpus();
  return {
    machine: { cpu: cpu?.model ?? '', cores: cpus().length, kernel: release(), node: process.version },
    rows: [
      row(pairs, 'durable round trips/s', (all) => all.throughput?.load.storedPerSecond, 'ratio >= 0.7'),
      row(pairs, 'p50 ms at 500 says/s', (all) => all.latency?.load.sinceDueMs.p50, 'ratio <= 2'),
      row(pairs, 'p99 ms at 500 says/s', (all) => all.latency?.load.sinceDueMs.p99, 'ratio <= 2'),
      row(pairs, 'p50 ms since sent', (all) => all.latency?.load.sinceSentMs.p50),
      row(pairs, 'p99 ms since sent', (all) => all.latency?.load.sinceSentMs.p99),
      row(pairs, 'p50 ms at 500 says/s, just started', (all) => all.fresh?.load.sinceDueMs.p50),
      row(pairs, 'p99 ms at 500 says/s, just started', (all) => all.fresh?.load.sinceDueMs.p99),
      row(pairs, 'p99 ms at full throughput', (all) => all.throughput?.load.sinceSentMs.p99),
      row(pairs, 'RSS bytes an idle connection', (all) => all.memory?.rssBytes),
      row(pairs, 'kernel bytes an idle connection', (all) => all.memory?.kernelBytes),
      row(pairs, 'bytes an idle connection', bytesOf, 'rapport <= 8192'),
      row(pairs, 'idle conversations per GiB of an actor host', (all) => all.idle?.perGib, '>= 250000'),
      row(pairs, 'RSS bytes an idle conversation', (all) => all.idle?.rssBytes),
      row(pairs, 'conversations activated/s', (all) => all.idle?.activatedPerSecond),
      ...detailRows(pairs, 'throughput'),
      ...detailRows(pairs, 'latency'),
    ].filter(({ floor, rapport }) => floor !== undefined || rapport !== undefined),
    wrong: wrongOf(pairs),
  };
}

function bytesOf({ memory }: Figures): number | undefined {
  return memory === undefined ? undefined : memory.rssBytes + memory.kernelBytes;
}

/** Shows where the time goes: cores of each process, then milliseconds of hops and event loops. */
function detailRows(pairs: readonly Pair[], of: 'throughput' | 'latency'): readonly Row[] {
  const names = (kind: 'cores' | 'timings') =>
    new Set(
      pairs
        .flatMap((pair) => [pair.floor, pair.rapport])
        .flatMap((all) => Object.keys(all?.[of]?.[kind] ?? {})),
    );
  return [
    ...[...names('cores')].map((name) =>
      row(pairs, `${of}: cores of ${name}`, (all) => all[of]?.cores[name]),
    ),
    row(pairs, `${of}: cores of the client`, (all) => clientCores(all[of])),
    ...[...names('timings')].map((name) => row(pairs, `${of}: ms ${name}`, (all) => all[of]?.timings[name])),
  ];
}

function clientCores(measured: Measured | undefined): number | undefined {
  return measured === undefined ? undefined : measured.load.cpuSeconds / measured.load.seconds;
}

function row(
  pairs: readonly Pair[],
  what: string,
  take: (figures: Figures) => number | undefined,
  target?: string,
): Row {
  const of = (name: SystemName) => (pair: Pair) => (pair[name] === undefined ? undefined : take(pair[name]));
  const floor = spread(pairs.map(of('floor')));
  const rapport = spread(pairs.map(of('rapport')));
  const ratio = spread(
    pairs.map((pair) => {
      const [ours, theirs] = [of('rapport')(pair), of('floor')(pair)];
      return ours === undefined || theirs === undefined ? undefined : ours / theirs;
    }),
  );
  return {
    what,
    ...(target !== undefined && { target }),
    ...(floor !== undefined && { floor }),
    ...(rapport !== undefined && { rapport }),
    ...(ratio !== undefined && { ratio }),
  };
}

export function spread(values: readonly (number | undefined)[]): Spread | undefined {
  const sorted = values.filter((value) => value !== undefined).toSorted((left, right) => left - right);
  const at = (index: number) => Number((sorted[index] ?? Number.NaN).toPrecision(4));
  if (sorted.length === 0) return undefined;
  return { median: at(sorted.length >> 1), min: at(0), max: at(sorted.length - 1) };
}

function wrongOf(pairs: readonly Pair[]): Readonly<Record<string, number>> {
  const wrong: Record<string, number> = {};
  const count = (sentence: string, times: number) => {
    if (times > 0) wrong[sentence] = (wrong[sentence] ?? 0) + times;
  };
  for (const pair of pairs) {
    for (const [name, figures] of Object.entries(pair)) {
      for (const measured of [figures.throughput, figures.fresh, figures.latency]) {
        count(`${name}: never stored`, measured?.load.unstored ?? 0);
        for (const [sentence, times] of Object.entries(measured?.load.wrong ?? {}))
          count(`${name}: ${sentence}`, times);
      }
    }
  }
  return wrong;
}

/** The report as text: medians, with the smallest and the largest value in brackets. */
export function table({ machine, rows, wrong }: Report): string {
  const cells = rows.map(({ what, floor, rapport, ratio, target = '' }) => [
    what,
    shown(floor),
    shown(rapport),
    shown(ratio),
    target,
  ]);
  const lines = [['', 'floor', 'rapport', 'ratio', 'target'], ...cells];
  const widths = [0, 1, 2, 3, 4].map((at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  const body = lines.map((line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const failures = Object.entries(wrong).map(([sentence, times]) => `WRONG ${times} x ${sentence}`);
  const place = `${machine.cores} x ${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}`;
  return `${[place, '', ...body, ...failures].join('\n')}\n`;
}

function shown(of: Spread | undefined): string {
  if (of === undefined) return '';
  return of.min === of.max ? `${of.median}` : `${of.median} (${of.min}-${of.max})`;
}
