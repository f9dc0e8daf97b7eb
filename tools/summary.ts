import { join, relative } from 'node:path';
import { styleText } from 'node:util';
import type { LocalRun } from './local-run.ts';
import { shellWord } from './shell-word.ts';

/** The default address of `npm run chat`. */
const usualUrl = 'http://127.0.0.1:8080';
/** The default data folder of `npm run knowledge`. */
const usualDataDir = join(import.meta.dirname, '..', '.data');

/** The text that `npm start` prints once everything runs. */
export function summary(run: LocalRun): string {
  const folder = shortPath(run.dataDir);
  const seconds = (performance.now() / 1_000).toFixed(1);
  const rows: readonly (readonly [string, string])[] = [
    ['Talk to the coach', `${run.url}/`],
    [
      'in the terminal',
      run.url === usualUrl ? 'npm run chat' : `npm run chat -- --url ${shellWord(run.url)}`,
    ],
    ['on your site', `<script src="${run.url}/widget.js" data-creator="demo" async></script>`],
    ['Make your own', teach(run)],
    ['Metrics', run.metricsUrl],
    ['Logs and data', `${folder}/log, ${folder}`],
  ];
  const lines = rows.map(([what, where]) => `  ${what.padEnd(19)}${styleText('cyan', where)}`);
  const title = `${styleText(['bold', 'green'], 'Rapport is running')} after ${seconds} s.`;
  return ['', `  ${title}`, '', ...lines, '', '  Ctrl-C stops everything.', ''].join('\n');
}

/** The path relative to the working folder, when it is inside. */
function shortPath(path: string): string {
  const here = relative(process.cwd(), path) || '.';
  return here.startsWith('..') ? path : here;
}

/** The command finds a Rapport on the usual data folder by itself. */
function teach({ dataDir }: LocalRun): string {
  const where = dataDir === usualDataDir ? '' : `DATA_DIR=${shellWord(dataDir)} `;
  return `${where}npm run knowledge -- --creator mine --name "My coaching" --origin '*' --from ./pages`;
}
