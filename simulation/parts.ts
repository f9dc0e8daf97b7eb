import type { Part } from '@rapport/actors/conversation/part.ts';
import { parts as realParts } from '@rapport/actors/conversation/parts.ts';
import { z } from 'zod';

/** The moments of one conversation, counted. */
export interface Tally {
  /** Messages of the person. */
  readonly said: number;
  /** Messages that ended a turn: whole and stopped answers, and failures. */
  readonly ended: number;
  /** How often its timer fired. */
  readonly rang: number;
}

const settings = z.object({});
const ringsAfterMs = 1_500;

/** Counts what it is told, and sets one timer with the first message: nothing may be lost or told twice. */
export const tally: Part<Tally> = {
  name: 'tally',
  initial: { said: 0, ended: 0, rang: 0 },
  settings,
  on(moment, slice, { atMs }) {
    switch (moment.kind) {
      case 'person_said': {
        const said = { ...slice, said: slice.said + 1 };
        if (slice.said > 0) return { slice: said };
        return { slice: said, effects: [{ kind: 'set_timer', timer: 'once', dueMs: atMs + ringsAfterMs }] };
      }
      case 'coach_answered':
      case 'turn_failed':
      case 'turn_stopped':
        return { slice: moment.seq === undefined ? slice : { ...slice, ended: slice.ended + 1 } };
      case 'timer_fired':
        return { slice: { ...slice, rang: slice.rang + 1 } };
      default:
        return { slice };
    }
  },
};

/** A text that wants no answer. */
export const hushed = /!$/;

/** Keeps the model from answering what ends with an exclamation mark. */
const hush: Part<null> = {
  name: 'hush',
  initial: null,
  settings,
  on: (moment, slice) =>
    moment.kind === 'person_said' && hushed.test(moment.text) ? { slice, veto: 'answer' } : { slice },
};

/** The parts that a host of an older version knows. */
export const olderParts: readonly Part[] = [hush, ...realParts];
export const newestParts: readonly Part[] = [...olderParts, tally];
