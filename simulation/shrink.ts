import { type Allowed, allAllowed } from './faults.ts';
import { type Outcome, run } from './run.ts';

/** Single faults that are left out for a try. */
const triesMax = 80;

/**
 * The same broken promise with fewer faults: without every kind that it does not need, then with the fewest
 * first ones that lead to it, then without each of those that it can do without.
 */
export async function shrink(whole: Outcome): Promise<Outcome> {
  let least = whole;
  let allowed = allAllowed;
  const attempt = async (fewer: Allowed) => {
    const outcome = await run(whole.seed, fewer);
    if (outcome.broken?.invariant !== whole.broken?.invariant) return false;
    least = outcome;
    allowed = fewer;
    return true;
  };
  for (const kind of allowed.kinds) {
    await attempt({ ...allowed, kinds: new Set([...allowed.kinds].filter((other) => other !== kind)) });
  }
  let [enough, tooFew] = [least.faults, -1];
  while (enough - tooFew > 1) {
    const most = Math.floor((enough + tooFew) / 2);
    if (await attempt({ ...allowed, most })) enough = most;
    else tooFew = most;
  }
  for (let number = Math.min(enough, triesMax); number >= 1; number -= 1) {
    await attempt({ ...allowed, without: new Set([...allowed.without, number]) });
  }
  return least;
}
