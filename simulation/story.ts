import type { Outcome } from './run.ts';

const lastLines = 60;
const lineCharsMax = 180;

/** The report of a broken world: the promise, the faults that it took, and the end of the trace. */
export function storyOf({ seed, broken, trace, faults }: Outcome): string {
  const struck = trace.filter((line) => line.includes(' fault '));
  const end = trace.slice(-lastLines).map(shortened);
  return [
    `seed ${seed} breaks: ${broken?.invariant ?? 'nothing'}`,
    `  ${broken?.sentence ?? ''}`,
    '',
    `with ${struck.length} of ${faults} faults:`,
    ...struck,
    '',
    `the last ${end.length} of ${trace.length} lines:`,
    ...end,
    '',
    `again: npm run simulate -- --seed ${seed}`,
    '',
  ].join('\n');
}

function shortened(line: string): string {
  return line.length <= lineCharsMax ? line : `${line.slice(0, lineCharsMax - 1)}…`;
}
