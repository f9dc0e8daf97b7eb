import type { SourceJson } from './gen/rapport/v1/frame_pb.ts';
import type { ConversationKey } from './identity.ts';
import type { Usage } from './usage.ts';

/** One event of one conversation. The log (INBOX) holds batches of them: `batch.ts`. */
export interface Envelope extends ConversationKey {
  readonly event: Event;
}

/** Everything that can happen to a conversation. The log record's time is the time of the event. */
export type Event = Said | ReadUpTo | Answered | TurnFailed | TurnStopped | TurnLost | TimerFired;

/** A person's message. `clientSeq` is 1, 2, 3… per device; `id` the client's UUIDv7. */
export interface Said {
  readonly kind: 'said';
  readonly deviceId: string;
  readonly clientSeq: number;
  readonly id: string;
  readonly text: string;
  readonly choiceId?: string;
  readonly channel: string;
}

/** The person has read everything up to `seq`. */
export interface ReadUpTo {
  readonly kind: 'read';
  readonly seq: number;
}

interface TurnEnded {
  readonly turnId: string;
  /** The attempt that ended. Absent in logs of before, whose events count for whatever attempt runs. */
  readonly attempt?: number;
  /** Model, tokens and times of the attempt. Absent in logs of before. */
  readonly usage?: Usage;
}

/** Inference wrote a whole answer. */
export interface Answered extends TurnEnded {
  readonly kind: 'answered';
  readonly text: string;
  readonly sources: readonly SourceJson[];
}

/** Inference gave up; `code` is of the catalogue. */
export interface TurnFailed extends TurnEnded {
  readonly kind: 'turn_failed';
  readonly code: string;
}

/** The person stopped the answer; `text` is what had been written. */
export interface TurnStopped extends TurnEnded {
  readonly kind: 'turn_stopped';
  readonly text: string;
  readonly sources: readonly SourceJson[];
}

/** The host that was writing attempt `attempt` of the answer is gone. */
export interface TurnLost {
  readonly kind: 'turn_lost';
  readonly turnId: string;
  readonly attempt: number;
}

/** A timer's time has come. The log may hold this twice, and also after the timer was cancelled. */
export interface TimerFired {
  readonly kind: 'timer_fired';
  readonly timerId: string;
  readonly generation: number;
}
