import { build } from 'hdr-histogram-js';
import type { ViolationKind } from './checker.ts';
import type { ChaosResult } from './run.ts';

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface ChaosReport {
  readonly seed: number;
  readonly rounds: number;
  readonly said: number;
  readonly stored: number;
  readonly settled: boolean;
  readonly violations: Readonly<Record<ViolationKind, number>>;
  readonly sentences: readonly string[];
  readonly deaths: readonly string[];
  /** Milliseconds until each message of the whole run was stored. */
  readonly says: Spread;
  /** How often a socket was lost before there was another. */
  readonly lostSockets: number;
  /** Milliseconds, by kind of fault. */
  readonly waits: Readonly<
    Record<string, { readonly takeOver: Spread; readonly others: Spread; readonly resume: Spread }>
  >;
}

const sentencesMax = 50;
const kinds = ['lost', 'doubled', 'reordered', 'foreign'] as const;

export function reportOf(result: ChaosResult): ChaosReport {
  const { seed, rounds, said, stored, settled, violations, deaths, saysMs, lostSockets } = result;
  const count = (kind: ViolationKind) => violations.filter((one) => one.kind === kind).length;
  const faults = [...new Set(rounds.map(({ kind }) => kind))].sort();
  return {
    seed,
    rounds: rounds.length,
    said,
    stored,
    settled: settled && rounds.every(({ recovered }) => recovered),
    violations: {
      lost: count('lost'),
      doubled: count('doubled'),
      reordered: count('reordered'),
      foreign: count('foreign'),
    },
    sentences: violations
      .slice(0, sentencesMax)
      .map(({ kind, person, sentence }) => `${kind}: ${person}: ${sentence}`),
    deaths,
    says: spreadOf(saysMs),
    lostSockets,
    waits: Object.fromEntries(
      faults.map((fault) => {
        const waits = rounds.filter(({ kind }) => kind === fault).map((round) => round.waits);
        const spread = (of: 'takeOverMs' | 'othersMs' | 'resumeMs') =>
          spreadOf(waits.flatMap((one) => one[of]));
        return [
          fault,
          { takeOver: spread('takeOverMs'), others: spread('othersMs'), resume: spread('resumeMs') },
        ];
      }),
    ),
  };
}

/** Whether no message was lost, doubled or reordered and everything came back by itself. */
export function passed({ violations, settled }: ChaosReport): boolean {
  return settled && kinds.every((kind) => violations[kind] === 0);
}

function spreadOf(values: readonly number[]): Spread {
  const histogram = build({ lowestDiscernibleValue: 1, numberOfSignificantValueDigits: 3 });
  for (const value of values) histogram.recordValue(Math.max(1, Math.round(value)));
  const at = (percentile: number) => (values.length === 0 ? 0 : histogram.getValueAtPercentile(percentile));
  return { count: values.length, p50: at(50), p90: at(90), p99: at(99), max: at(100) };
}

export function textOf(report: ChaosReport): string {
  const { seed, rounds, said, stored, settled, violations, sentences, deaths } = report;
  const counts = kinds.map((kind) => `${kind} ${violations[kind]}`).join(', ');
  const rows = Object.entries(report.waits).map(
    ([fault, { takeOver, others, resume }]) =>
      `${fault.padEnd(22)} ${cells(takeOver)}   ${cells(others)}   ${cells(resume)}`,
  );
  const title = ['a say until it is stored', 'the same, not hit', 'socket open again'].map((name) =>
    name.padEnd(29),
  );
  const head = '    n   p50   p90   p99   max';
  return [
    `seed ${seed}, ${rounds} rounds: ${said} messages said, ${stored} stored with answers`,
    counts,
    settled ? 'everything came back by itself' : 'NOT everything came back by itself',
    ...sentences.map((sentence) => `  ${sentence}`),
    ...deaths.map((death) => `  ended without being told to: ${death}`),
    `sockets lost before there was another: ${report.lostSockets}`,
    '',
    `${'milliseconds'.padEnd(22)} ${title.join('   ').trimEnd()}`,
    `${''.padEnd(22)} ${head}   ${head}   ${head}`,
    ...rows,
    `${'all of it'.padEnd(22)} ${cells(report.says)}`,
    '',
  ].join('\n');
}

function cells({ count, p50, p90, p99, max }: Spread): string {
  return [count, p50, p90, p99, max].map((cell) => `${cell}`.padStart(5)).join(' ');
}
