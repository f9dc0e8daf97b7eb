import { z } from 'zod';
import type { Part } from '../part.ts';

const dayMs = 86_400_000;

const settings = z.object({
  /** How long the person was away: a day to ten years. */
  afterDays: z.int().min(1).max(3_650),
  text: z.string().min(1).max(500),
});

/** When the person last said something; 0: not since the creator wants this. */
interface Heard {
  readonly saidMs: number;
}

/**
 * The coach greets a person who writes again after so many days, and then answers. Messages count from the
 * moment at which the creator sets this, so that conversations of other creators remember nothing for it.
 */
export const welcomeBack: Part<Heard, z.infer<typeof settings>> = {
  name: 'welcome-back',
  initial: { saidMs: 0 },
  settings,
  on(moment, slice, { atMs, answering, settings: wanted }) {
    if (moment.kind !== 'person_said') return { slice };
    if (wanted === undefined) return { slice: welcomeBack.initial };
    const wasAway = slice.saidMs > 0 && atMs - slice.saidMs >= wanted.afterDays * dayMs;
    const heard = { slice: { saidMs: atMs } };
    return wasAway && answering === 'coach'
      ? { ...heard, messages: [{ role: 'COACH', text: wanted.text }] }
      : heard;
  },
};
