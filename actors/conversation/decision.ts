import type { MessageJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Usage } from '@rapport/proto/usage.ts';
import type { Effect } from './effect.ts';
import type { Moment } from './moment.ts';
import type { Conversation, Core } from './state.ts';

/** The outcome of an event: the state after it, the messages to store, and the effects to perform then. */
export interface Decision {
  readonly state: Conversation;
  readonly messages: readonly NewMessage[];
  readonly effects: readonly Effect[];
  /** The moments of the event, in order. */
  readonly moments: readonly Moment[];
}

/** A decision about the core alone, on the way to a whole one. */
export interface Step {
  readonly core: Core;
  readonly messages: readonly NewMessage[];
  readonly effects: readonly Effect[];
  readonly moments: readonly Moment[];
}

/** A message as it is stored: as clients see it, with the usage of its answer. */
export type NewMessage = MessageJson & {
  readonly seq: number;
  readonly atMs: number;
  readonly usage?: Usage;
};

/** All that `decide` may know besides state and event: values, so that folding again gives the same. */
export interface Context {
  readonly userId: string;
  /** The log record's time. */
  readonly atMs: number;
  /** How the creator wants messages answered, and the version of that configuration. */
  readonly answering: 'coach' | 'people';
  readonly configVersion: number;
  /** The creator's settings for parts as published, by the part's name. Each part checks its own. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The step of an event that changes nothing, with the answers to it. */
export function unchanged(core: Core, effects: readonly Effect[] = []): Step {
  return { core, messages: [], effects, moments: [] };
}
