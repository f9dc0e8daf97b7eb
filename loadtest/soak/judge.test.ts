import { Chance } from '@rapport/simulation/chance.ts';
import { expect, test } from 'vitest';
import { judge, type Measure } from './judge.ts';

const mib = 1024 ** 2;
const minutes = 20;

/** Twenty minutes with a sample every five seconds; `at` runs from 0 to 1. */
function series(measure: Measure, valueAt: (at: number) => number, process = 'gateway') {
  const samples = minutes * 12;
  const points = Array.from({ length: samples + 1 }, (_, sample) => ({
    atMs: 1_000_000 + sample * 5_000,
    value: valueAt(sample / samples),
  }));
  return { process, measure, points };
}

const chance = new Chance(7, 'noise');
/** Sixteen waves of load over the run. */
const wave = (at: number) => 0.5 + 0.5 * Math.sin(at * 32 * Math.PI);

test('a heap that stays, under waves and garbage, is flat', () => {
  const heap = series('heap', (at) => mib * (50 + 10 * wave(at) + 20 * chance.next()));
  expect(judge(heap)).toMatchObject({ process: 'gateway', measure: 'heap', flat: true });
});

test('a heap that gains a mebibyte a minute under the same waves and garbage is found', () => {
  const heap = series('heap', (at) => mib * (50 + minutes * at + 10 * wave(at) + 20 * chance.next()));
  const verdict = judge(heap);
  expect(verdict?.flat).toBe(false);
  expect((verdict?.growth ?? 0) / mib).toBeGreaterThan(7);
  expect((verdict?.growth ?? 0) / mib).toBeLessThan(13);
});

test('a warm-up that grows and then stays is flat', () => {
  expect(judge(series('heap', (at) => mib * (20 + 40 * Math.min(1, 2.5 * at))))?.flat).toBe(true);
});

test('one wave that went wrong decides nothing', () => {
  const heap = series('heap', (at) => mib * (at > 0.8 && at < 0.85 ? 500 : 50));
  expect(judge(heap)?.flat).toBe(true);
});

test('handles that are left open one by one are found, those that come and go are not', () => {
  expect(judge(series('handles', (at) => 40 + Math.floor(100 * wave(at))))?.flat).toBe(true);
  expect(judge(series('handles', (at) => 40 + Math.floor(100 * wave(at) + 40 * at)))?.flat).toBe(false);
});

test('lag that spikes is flat, lag that piles up is not', () => {
  expect(judge(series('log lag', () => (chance.happens(0.2) ? 3_000 : 5)))?.flat).toBe(true);
  expect(judge(series('log lag', (at) => 5 + 2_000 * at))?.flat).toBe(false);
});

test('a process may fill the cache that it keeps for itself, and no more', () => {
  const grown = (process: string) => judge(series('rss', (at) => mib * (100 + 140 * at), process));
  expect(grown('nats')?.flat).toBe(true);
  expect(grown('gateway')?.flat).toBe(false);
});

test('what was watched too shortly gets no verdict', () => {
  expect(judge({ process: 'gateway', measure: 'heap', points: [{ atMs: 1, value: 1 }] })).toBeUndefined();
});
