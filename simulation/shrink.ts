import { type Allowed, allAllowed } from './faults.ts';
import { type Outcome, run } from './run.ts';

/** The most single faults that are tried without. */
const triesMax = 80;

/**
 * Finds fewer faults that break the same promise: first without each kind that is not needed, then with only
 * the first faults up to the failure, then without each single fault that is not needed.
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
