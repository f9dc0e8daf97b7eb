import { flag, readArguments, runCommand, whole } from '@rapport/runtime/arguments.ts';
import { exitOnSignals } from '@rapport/tools/scratch.ts';
import { passed, textOf } from './report.ts';
import { runSoak } from './run.ts';

const use = `npm run soak -- [--minutes N] [--people N] [--seed N] [--json]

Runs a whole Rapport on this machine under waves of people who come, talk, read slowly and go. Watches memory,
handles and lag of each process, and ends with status 1 when one of them grows in the second half of the run,
or when something happened that should not.

  --minutes N   how long (20)
  --people N    how many are there at the top of a wave (60)
  --seed N      the same seed, much the same people (1)
  --json        everything that was seen as JSON on standard output; progress goes to standard error
`;

const { values: given } = readArguments({
  help: use,
  options: {
    json: flag,
    minutes: { type: 'string', default: '20' },
    people: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});

exitOnSignals(); // All processes end when this one is gone.
await runCommand(soak);

async function soak(): Promise<void> {
  const report = await runSoak({
    seconds: whole('minutes', given.minutes) * 60,
    people: whole('people', given.people),
    seed: whole('seed', given.seed),
    tell: (sentence) => void process.stderr.write(`${sentence}\n`),
  });
  process.stdout.write(given.json ? `${JSON.stringify(report, undefined, 2)}\n` : textOf(report));
  if (!passed(report)) process.exitCode = 1;
}
