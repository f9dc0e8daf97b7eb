import { flag, readArguments, runCommand, whole } from '@rapport/runtime/arguments.ts';
import { mutants } from './mutants.ts';
import { plant } from './plant.ts';

const use = `npm run simulate -- [--seeds N] [--from N] [--all] [--json]
npm run simulate -- --seed N [--trace]
npm run simulate -- --mutants [--seeds N]

  --seeds N    so many worlds, one after the other (1000); with --mutants, at most so many for each (1500)
  --from N     the first of them (1)
  --all        goes on after a world in which a promise was broken
  --json       one line of JSON for each broken world instead of its story
  --seed N     one world again, with its story
  --trace      its whole trace
  --mutant X   plants the bug of that name first
  --mutants    plants each of them, and prints which promise caught it in which world

docs/simulation.md tells what a world is and how to read its trace. The bugs that can be planted:

${[...mutants.keys()].map((name) => `  ${name}`).join('\n')}
`;

const { values: given } = readArguments({
  help: use,
  options: {
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    all: flag,
    json: flag,
    trace: flag,
    mutant: { type: 'string' },
    mutants: flag,
  },
});

await runCommand(async () => ((await simulate()) ? 0 : 1));

async function simulate(): Promise<boolean> {
  if (given.mutants) {
    const { tryMutants } = await import('./mutant-trial.ts');
    return tryMutants(whole('seeds', given.seeds ?? '1500'));
  }
  if (given.mutant !== undefined) plant(given.mutant);
  // Only now: a planted bug is in what is imported after it.
  const { campaign, relive } = await import('./campaign.ts');
  if (given.seed !== undefined) return relive(whole('seed', given.seed), given.trace);
  const { all, json } = given;
  return campaign({
    from: whole('from', given.from),
    seeds: whole('seeds', given.seeds ?? '1000'),
    all,
    json,
  });
}
