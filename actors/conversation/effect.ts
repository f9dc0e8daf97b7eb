import type { Push } from '@rapport/proto/delivery.ts';
import type { DownJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';

/** Something to do once the decision is stored. */
export type Effect = { readonly kind: 'push'; readonly push: Push } | Infer | Schedule | Unschedule;

/**
 * Ask inference for the answer of a turn: to the person's messages after `answeredSeq` and up to `askedSeq`,
 * given all messages up to `uptoSeq`.
 */
export interface Infer {
  readonly kind: 'infer';
  readonly turnId: string;
  readonly attempt: number;
  readonly answeredSeq: number;
  readonly askedSeq: number;
  readonly uptoSeq: number;
}

/** Let `timer_fired` with this generation enter the log at that time. */
export interface Schedule {
  readonly kind: 'schedule';
  readonly timerId: string;
  readonly generation: number;
  readonly atMs: number;
}

/** The timer is not needed any more. If it fires all the same, the fold ignores it. */
export interface Unschedule {
  readonly kind: 'unschedule';
  readonly timerId: string;
  readonly generation: number;
}

interface Traits {
  /**
   * Recorded: stored with the state, and performed again when it is not known that it was performed. So it
   * must be harmless to perform twice. Not recorded: something else heals it after a crash.
   */
  readonly isRecorded: boolean;
  /**
   * What a partition's loop waits for. The outside world (a model, a channel, a web hook) is no choice: one
   * slow answer would hold up every conversation of the partition. An effect for the outside world puts a
   * record into the log, and another process makes the call.
   */
  readonly waitsFor: 'nothing' | 'the log';
}

/** Every kind of effect. A kind that is missing here, or is performed nowhere, does not type. */
const effectTraits = {
  /** The next owner's gateways attach again, and the answer to an attach holds the news of a lost push. */
  push: { isRecorded: false, waitsFor: 'nothing' },
  /** `turn_lost` begins the answer again. */
  infer: { isRecorded: false, waitsFor: 'nothing' },
  schedule: { isRecorded: true, waitsFor: 'the log' },
  unschedule: { isRecorded: true, waitsFor: 'the log' },
} as const satisfies Record<Effect['kind'], Traits>;

type RecordedKind = {
  [K in Effect['kind']]: (typeof effectTraits)[K]['isRecorded'] extends true ? K : never;
}[Effect['kind']];

/** Effects that are stored with the state until they are performed. */
export type Recorded = Extract<Effect, { readonly kind: RecordedKind }>;
export type NotRecorded = Exclude<Effect, Recorded>;

export function isRecorded(effect: Effect): effect is Recorded {
  return effectTraits[effect.kind].isRecorded;
}

/** Whether a kind that a row holds is a recorded effect that this process can perform. */
export function isRecordedKind(kind: unknown): kind is RecordedKind {
  return (
    typeof kind === 'string' &&
    Object.hasOwn(effectTraits, kind) &&
    effectTraits[kind as Effect['kind']].isRecorded
  );
}

/** The effect of showing a frame to every session of the conversation. */
export function pushToAll(frame: DownJson): Effect {
  return { kind: 'push', push: { to: 'all', frame } };
}
