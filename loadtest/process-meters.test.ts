import { setTimeout as sleep } from 'node:timers/promises';
import { serveHealth } from '@rapport/runtime/health.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import { expect, test } from 'vitest';
import { cpuSeconds, kernelBytes, residentBytes, scrape, timings } from './process-meters.ts';

test('timings() gives the mean of what was timed between two scrapes of a real /metrics', async () => {
  const metrics = new Metrics('actors');
  const commit = metrics.seconds('rapport_hop_commit_seconds', 'test');
  metrics.seconds('rapport_hop_idle_seconds', 'test');
  const health = await serveHealth({ metrics, ready: async () => {}, host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${health.port}/metrics`;
  commit.observe(10);
  const before = await scrape(url);
  commit.observe(0.002);
  commit.observe(0.004);
  await sleep(50);
  const found = timings(before, await scrape(url));
  await health.stop();
  expect(found['actors rapport_hop_commit']).toBeCloseTo(3);
  expect(Object.keys(found)).not.toContain('actors rapport_hop_idle');
  expect(found['actors nodejs_eventloop_lag_p99']).toBeGreaterThan(0);
});

test('a process that computes uses CPU, and has memory', async () => {
  const before = await cpuSeconds(process.pid);
  const began = process.cpuUsage();
  const usedMs = () => process.cpuUsage(began).user / 1_000;
  while (usedMs() < 200) JSON.stringify({ began });
  const used = (await cpuSeconds(process.pid)) - before;
  expect(used).toBeGreaterThan(0.1);
  expect(used).toBeLessThan(1);
  expect(Math.abs((await residentBytes(process.pid)) / process.memoryUsage.rss() - 1)).toBeLessThan(0.2);
  expect(await kernelBytes()).toBeGreaterThan(1024 ** 2);
});
