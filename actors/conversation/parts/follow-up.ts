import { z } from 'zod';
import type { Part, PartEffect } from '../part.ts';

const day = 86_400;

const settings = z.object({
  /** How long the person was quiet: a second to thirty days. */
  afterSeconds: z
    .int()
    .min(1)
    .max(30 * day),
  text: z.string().min(1).max(500),
});

const endQuiet: readonly PartEffect[] = [{ kind: 'cancel_timer' }];

/**
 * The coach speaks once to a person who was quiet for so long after an answer. The settings at that time
 * count: a creator who has switched the part off by then sends nothing.
 */
export const followUp: Part<null, z.infer<typeof settings>> = {
  name: 'follow-up',
  initial: null,
  settings,
  on(moment, slice, { atMs, answering, settings: wanted }) {
    switch (moment.kind) {
      case 'person_said':
        return { slice, effects: endQuiet };
      case 'coach_answered':
        if (wanted === undefined || answering !== 'coach' || moment.isMoreAsked) return { slice };
        return { slice, effects: [{ kind: 'set_timer', dueMs: atMs + wanted.afterSeconds * 1_000 }] };
      case 'timer_fired':
        if (wanted === undefined || answering !== 'coach') return { slice };
        return { slice, messages: [{ role: 'COACH', text: wanted.text }] };
      default:
        return { slice };
    }
  },
};
