import { expect, test } from 'vitest';
import type { Pair } from './figures.ts';
import { report, spread, table } from './report.ts';

const percentiles = { p50: 1, p99: 2, max: 3 };
function figures(storedPerSecond: number, unstored = 0) {
  const load = {
    storedPerSecond,
    sinceDueMs: percentiles,
    sinceSentMs: percentiles,
    unstored,
    wrong: {},
    cpuSeconds: 1,
    seconds: 2,
  };
  return { throughput: { load, cores: { gateway: 0.5 }, timings: {} } };
}

test('a ratio is taken pair by pair, so that a slow minute of the machine falls on both', () => {
  const pairs: Pair[] = [
    { floor: figures(100), rapport: figures(80) },
    { floor: figures(10), rapport: figures(9) },
    { floor: figures(200), rapport: figures(140) },
  ];
  const [row] = report(pairs).rows;
  expect(row).toMatchObject({
    what: 'durable round trips/s',
    floor: { median: 100, min: 10, max: 200 },
    rapport: { median: 80, min: 9, max: 140 },
    ratio: { median: 0.8, min: 0.7, max: 0.9 },
  });
});

test('a row that nobody measured is left out, and one system alone has no ratio', () => {
  const { rows } = report([{ floor: figures(100) }]);
  expect(rows.map(({ what }) => what)).not.toContain('p50 ms at 500 says/s');
  expect(rows[0]?.ratio).toBeUndefined();
});

test('what went wrong is added up and shown', () => {
  const result = report([{ floor: figures(1), rapport: figures(1, 2) }, { rapport: figures(1, 3) }]);
  expect(result.wrong).toEqual({ 'rapport: never stored': 5 });
  expect(table(result)).toContain('WRONG 5 x rapport: never stored');
});

test('spread() ignores what was not measured', () => {
  expect(spread([3, undefined, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(spread([undefined])).toBeUndefined();
});
