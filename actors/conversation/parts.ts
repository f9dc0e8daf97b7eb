import type { Part } from './part.ts';
import { followUp } from './parts/follow-up.ts';
import { welcomeBack } from './parts/welcome-back.ts';

/** Every part, in the order in which a moment reaches them. A new part adds its line here. */
export const parts: readonly Part[] = [welcomeBack, followUp];
