import type { Usage } from '@rapport/proto/usage.ts';

/**
 * Something that happened in a conversation. The core tells it to the parts once the event is folded. An
 * event that changes nothing, such as a message that was delivered twice, makes no moment.
 */
export type Moment = PersonSaid | CoachAnswered | TurnFailed | TurnStopped | ReadUpTo | TimerFired;

/** A message of the person was stored. */
export interface PersonSaid {
  readonly kind: 'person_said';
  readonly seq: number;
  readonly text: string;
  /** The choice that the message picks. */
  readonly choiceId: string | undefined;
  readonly channel: string;
}

interface TurnEnded {
  readonly turnId: string;
  /** The attempt that ended the turn. */
  readonly attempt: number;
  /** The person asked more meanwhile: the next turn begins now, unless a part vetoes it. */
  readonly isMoreAsked: boolean;
  /** Model, tokens and times of the attempt; undefined when its host is gone, and in logs of before. */
  readonly usage: Usage | undefined;
}

/** A whole answer was stored under `seq`. */
export interface CoachAnswered extends TurnEnded {
  readonly kind: 'coach_answered';
  readonly seq: number;
  readonly text: string;
}

/** The answer failed; the message that says so was stored under `seq`. `code` is of the catalogue. */
export interface TurnFailed extends TurnEnded {
  readonly kind: 'turn_failed';
  readonly seq: number;
  readonly code: string;
}

/** The person stopped the answer. Its text so far was stored under `seq`; absent: there was no text. */
export interface TurnStopped extends TurnEnded {
  readonly kind: 'turn_stopped';
  readonly seq?: number;
}

/** The person has read everything up to `seq`. */
export interface ReadUpTo {
  readonly kind: 'read';
  readonly seq: number;
}

/** A timer of a part fired. Only that part is told. */
export interface TimerFired {
  readonly kind: 'timer_fired';
  readonly part: string;
  /** The name that the part gave the timer. */
  readonly timer: string | undefined;
}
