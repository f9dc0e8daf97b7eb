import type { Push } from '@rapport/proto/delivery.ts';
import type { DownJson, MessageJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Conversation } from './state.ts';

/**
 * What an event leads to: the state after it, the messages to store, and what is to be done once they are.
 */
export interface Decision {
  readonly state: Conversation;
  readonly messages: readonly NewMessage[];
  readonly effects: readonly Effect[];
}

export type NewMessage = MessageJson & { readonly seq: number; readonly atMs: number };

export type Effect = { readonly kind: 'push'; readonly push: Push } | Infer | Recorded;

/**
 * Effects that nothing else would heal: they are stored with the state, and performed again when it is not
 * known that they were. A push is healed by the attach to the next owner, an answer by `turn_lost`.
 */
export type Recorded = Schedule | Unschedule;

/** Let `timer_fired` with this generation enter the log at that time. */
export interface Schedule {
  readonly kind: 'schedule';
  readonly timerId: string;
  readonly generation: number;
  readonly atMs: number;
}

/** It is not needed any more; should it fire all the same, that changes nothing. */
export interface Unschedule {
  readonly kind: 'unschedule';
  readonly timerId: string;
  readonly generation: number;
}

/**
 * Ask inference for the answer of a turn: to what the person said after `answeredSeq`, given the messages up
 * to `uptoSeq`.
 */
export interface Infer {
  readonly kind: 'infer';
  readonly turnId: string;
  readonly attempt: number;
  readonly answeredSeq: number;
  readonly uptoSeq: number;
}

/** What `decide` may know besides state and event: values, so that a replay can use the same ones. */
export interface Context {
  readonly userId: string;
  /** The log record's time. */
  readonly atMs: number;
  /** How the creator wants messages answered, and the version of that configuration. */
  readonly answering: 'coach' | 'people';
  readonly configVersion: number;
  /** What the coach says to a person who was quiet for so long after an answer; absent: nothing. */
  readonly followUp?: { readonly afterSeconds: number; readonly text: string };
}

/** The effect of showing a frame to every session of the conversation. */
export function pushToAll(frame: DownJson): Effect {
  return { kind: 'push', push: { to: 'all', frame } };
}
