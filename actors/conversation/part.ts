import type { z } from 'zod';
import type { Moment } from './moment.ts';

/**
 * A feature of the coach beside answering: a pure fold of moments into a slice of the conversation's state.
 * `docs/parts.md` tells how to write one.
 */
export interface Part<Slice = unknown, Settings = unknown> {
  /**
   * Names the part's slice, settings, timers and messages, so it never changes: letters a to z and hyphens.
   */
  readonly name: string;
  /** The slice of a conversation in which the part has remembered nothing. It is not stored. */
  readonly initial: Slice;
  /**
   * The form of a creator's settings for this part. `npm run knowledge` refuses anything else. A published
   * value of another form counts as not set.
   */
  readonly settings: z.ZodType<Settings>;
  /** Called with each moment in order. `slice` is this part's alone, JSON, and is never changed in place. */
  on(moment: Moment, slice: Slice, context: PartContext<Settings>): PartResult<Slice>;
}

export interface PartContext<Settings> {
  readonly userId: string;
  /** The log record's time. */
  readonly atMs: number;
  /** `people`: the creator answers in person, and no model is asked. */
  readonly answering: 'coach' | 'people';
  /** Absent: the creator does not want this part. */
  readonly settings: Settings | undefined;
}

export interface PartResult<Slice> {
  /** The same object when nothing changed. */
  readonly slice: Slice;
  /** Stored after the message of the moment, and shown to everyone. */
  readonly messages?: readonly PartMessage[];
  readonly effects?: readonly PartEffect[];
  /** Keeps the model from answering the message of this moment. One part is enough. */
  readonly veto?: 'answer';
}

/** A message that a part lets the conversation say. The fold gives it seq, id and time. */
export interface PartMessage {
  readonly role: 'COACH' | 'SYSTEM';
  readonly text: string;
}

/** A part has one timer, or several that it tells apart by `timer`. Setting one replaces it. */
export type PartEffect =
  | { readonly kind: 'set_timer'; readonly timer?: string; readonly dueMs: number }
  | { readonly kind: 'cancel_timer'; readonly timer?: string };
