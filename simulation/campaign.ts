import { type Outcome, run } from './run.ts';
import { shrink } from './shrink.ts';
import { storyOf } from './story.ts';

/** Runs one world after the other. False when a promise was broken in one. */
export async function campaign(options: {
  readonly from: number;
  readonly seeds: number;
  /** Go on after a world in which a promise was broken. */
  readonly all: boolean;
  readonly json: boolean;
}): Promise<boolean> {
  const { from, seeds, all, json } = options;
  const beganMs = Date.now();
  const broken: Outcome[] = [];
  let [lived, faults, said] = [0, 0, 0];
  for (let seed = from; seed < from + seeds && (all || broken.length === 0); seed += 1) {
    const outcome = await run(seed);
    lived += 1;
    faults += outcome.faults;
    said += outcome.said;
    if (outcome.broken === undefined) continue;
    broken.push(outcome);
    process.stdout.write(json ? `${JSON.stringify({ seed, ...outcome.broken })}\n` : `${lineOf(outcome)}\n`);
  }
  const [first] = broken;
  if (!json && first !== undefined) await relive(first.seed, false);
  const seconds = (Date.now() - beganMs) / 1_000;
  const counts = `${lived} worlds, ${said} messages, ${faults} faults, ${broken.length} broken`;
  process.stderr.write(`${counts}, ${(lived / seconds).toFixed(0)}/s\n`);
  return broken.length === 0;
}

/** Runs one world again and prints its whole trace, or its story with only the faults that it needs. */
export async function relive(seed: number, whole: boolean): Promise<boolean> {
  const outcome = await run(seed);
  if (whole || outcome.broken === undefined) {
    process.stdout.write(`${whole ? `${outcome.trace.join('\n')}\n` : ''}${lineOf(outcome)}\n`);
  } else {
    process.stdout.write(storyOf(await shrink(outcome)));
  }
  return outcome.broken === undefined;
}

function lineOf({ seed, broken, faults, said, hash }: Outcome): string {
  const verdict =
    broken === undefined ? 'all promises held' : `BROKEN ${broken.invariant}: ${broken.sentence}`;
  return `seed ${seed}: ${verdict} (${said} messages, ${faults} faults, trace ${hash.slice(0, 12)})`;
}
