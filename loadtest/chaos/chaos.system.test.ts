import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deployPauseMsMax, runDeploy } from './deploy.ts';
import { type Fault, faultsOf, kindOf, type Topology } from './faults.ts';
import { type ChaosReport, passed, reportOf } from './report.ts';
import { type ChaosOptions, runChaos } from './run.ts';
import { runStorm } from './storm.ts';

const topology: Topology = { actors: 2, gateways: 2, nats: 'single', history: 'sqlite' };
const told: string[] = [];
const options: ChaosOptions = {
  topology,
  seed: 1,
  people: 6,
  devicesEach: 2,
  tell: (sentence) => void told.push(sentence),
};

/** Each kind of fault once, as short as it can be and still be one. */
function eachKindOnce(): readonly Fault[] {
  const all = new Map(faultsOf(topology).map((fault) => [kindOf(fault), fault]));
  return [...all.values()].map(({ what, target }) => {
    const ms = what === 'kill' || what === 'restart' ? 0 : 1_000;
    return { what, target, ms, share: 1 };
  });
}

/** What a person needs to see of a run that failed. */
function failureOf(report: ChaosReport): string {
  return passed(report) ? '' : [...told, ...report.sentences].join('\n');
}

describe('people who go on talking on two devices each', () => {
  let report: ChaosReport;

  beforeAll(async () => {
    report = reportOf(await runChaos({ ...options, faults: eachKindOnce() }));
  }, 240_000);

  test('lose nothing, get nothing twice, and keep their order through every kind of fault', () => {
    expect(failureOf(report)).toBe('');
    expect(report.violations).toEqual({ lost: 0, doubled: 0, reordered: 0, foreign: 0 });
    expect(report.said).toBeGreaterThan(100);
  });

  test('wait a lease and a little for a host that was killed, and not at all where it was another', () => {
    const { takeOver, others } = report.waits['kill actors'] ?? {};
    expect(takeOver?.max).toBeLessThan(10_000);
    expect(others?.p50).toBeLessThan(takeOver?.max ?? 0);
  });

  test('are not troubled by processes that end by themselves', () => {
    expect(report.deaths).toEqual([]);
  });
});

describe('a new version of everything, process by process', () => {
  let report: ChaosReport;

  beforeAll(async () => {
    report = reportOf(await runDeploy({ ...options, topology: { ...topology, nats: 'cluster' } }));
  }, 180_000);

  test('loses nothing', () => {
    expect(failureOf(report)).toBe('');
    expect(report.violations).toEqual({ lost: 0, doubled: 0, reordered: 0, foreign: 0 });
  });

  test('lets nobody wait, and opens each new socket before the old one is left', () => {
    expect(report.says.p99).toBeLessThan(deployPauseMsMax);
    expect(report.lostSockets).toBe(0);
  });
});

describe('a storm', () => {
  let result: Awaited<ReturnType<typeof runStorm>>;

  beforeAll(async () => {
    result = await runStorm({ connections: 500, actors: 2, gateways: 2, tell: () => {} });
  }, 180_000);
  afterAll(() => {
    told.length = 0;
  });

  test('brings every connection back with what it missed', () => {
    expect(result).toMatchObject({ connections: 500, back: 500, missing: { people: 50, messages: 0 } });
    expect(result.troubles).not.toHaveProperty('a hole or a repetition in the messages');
  });
});
