import type { Verdict } from './judge.ts';
import type { SoakReport } from './run.ts';

/** No measure grew, and no promise was broken. */
export function passed({ verdicts, counts }: Pick<SoakReport, 'verdicts' | 'counts'>): boolean {
  return verdicts.every(({ flat }) => flat) && Object.keys(counts).every((what) => !isWrong(what));
}

/** The report as text: a line for each measure of each process. */
export function textOf({ seconds, verdicts, counts }: Omit<SoakReport, 'series'>): string {
  const lines = [['process', 'measure', 'level', 'growth', 'allowed', ''], ...verdicts.map(cellsOf)];
  const widths = [0, 1, 2, 3, 4].map((at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  const rows = lines.map((line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const done = Object.entries(counts).toSorted(([left], [right]) => left.localeCompare(right));
  const sentence = `${seconds} s; the second half of it is judged: growth over that half, by its trend`;
  return `${[sentence, '', ...rows, '', ...done.map(([what, times]) => `${times} x ${what}`)].join('\n')}\n`;
}

function cellsOf({ process, measure, level, growth, allowed, flat }: Verdict): readonly string[] {
  const shown = (value: number) => {
    if (measure === 'handles') return value.toFixed(0);
    if (measure.endsWith('lag')) return `${value.toFixed(1)} ms`;
    return `${(value / 1024 ** 2).toFixed(1)} MiB`;
  };
  return [process, measure, shown(level), shown(growth), shown(allowed), flat ? 'flat' : 'GROWS'];
}

function isWrong(what: string): boolean {
  return what.startsWith('WRONG');
}
