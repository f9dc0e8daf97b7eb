import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { LocalRun } from './local-run.ts';

/** What a person sees once everything runs. */
export function summary(run: LocalRun): string {
  const folder = relative(process.cwd(), run.dataDir) || '.';
  const seconds = (performance.now() / 1_000).toFixed(1);
  const rows: readonly (readonly [string, string])[] = [
    ['Talk to the coach', `${run.url}/`],
    ['in the terminal', 'npm run chat'],
    ['on your site', `<script src="${run.url}/widget.js" data-creator="demo" async></script>`],
    ['Metrics', `${run.url}/metrics`],
    ['Logs and data', `${folder}/log, ${folder}`],
  ];
  const lines = rows.map(([what, where]) => `  ${what.padEnd(19)}${styleText('cyan', where)}`);
  const title = `${styleText(['bold', 'green'], 'Rapport is running')} after ${seconds} s.`;
  return ['', `  ${title}`, '', ...lines, '', '  Ctrl-C stops everything.', ''].join('\n');
}
