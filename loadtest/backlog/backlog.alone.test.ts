import { beforeAll, expect, test } from 'vitest';
import { type Backlog, runBacklog } from './run.ts';

const mib = 1024 * 1024;
let result: Backlog;

beforeAll(async () => {
  // 40 MiB of records: the host reads them all ahead where it does not count bytes.
  result = await runBacklog({ says: 100_000, people: 2_000, partitions: 8, charsEach: 200, tell: () => {} });
}, 120_000);

test('a host that catches up holds a bounded number of bytes, whatever waits in the log', () => {
  expect(result.peakReadAheadBytes).toBeGreaterThan(4 * mib);
  // 8 MiB for all, and the record of each partition that was under way.
  expect(result.peakReadAheadBytes).toBeLessThan(13 * mib);
  expect(result.peakRssBytes).toBeLessThan(512 * mib);
});

test('every say of the backlog is stored once, in order', () => {
  expect(result.wrong).toBe(0);
});
