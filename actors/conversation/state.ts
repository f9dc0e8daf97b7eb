/** The memory of one conversation between events. Plain JSON: the row stores it as it stands. */
export interface Conversation {
  readonly core: Core;
  readonly parts: Slices;
}

/**
 * The slice of each part, by the part's name. A part that remembers nothing has no entry. The entry of a part
 * that this process does not know stays as it is, so that an older host loses nothing of a newer one.
 */
export type Slices = Readonly<Record<string, unknown>>;

/** State that every conversation has: numbering, devices, the turn, the timers of all parts. */
export interface Core {
  /** The seq of the newest message; 0 before the first. */
  readonly topSeq: number;
  /** The person has read up to here. */
  readonly readSeq: number;
  /** The seq of the newest message of the person that waits for an answer or is being answered; 0: none. */
  readonly askedSeq: number;
  /** Everything up to this seq is answered or needs no answer. A failed turn does not count as an answer. */
  readonly answeredSeq: number;
  /** The person's devices. The device that was heard last is at the end. */
  readonly devices: readonly Device[];
  readonly turn: Turn;
  /** Absent until the first timer is set. */
  readonly timers?: Timers;
}

export interface Device {
  readonly deviceId: string;
  /** The newest clientSeq that is stored. */
  readonly clientSeq: number;
  /** The seqs of its newest messages: the last belongs to clientSeq, the one before to clientSeq - 1. */
  readonly seqs: readonly number[];
  /** Marks of the ids of the newest of them, in the same order (`devices.ts`). Absent in rows of before. */
  readonly marks?: string;
  /** All messages of this device came by HTTP. */
  readonly api?: true;
}

/** An answer is state, not a call: every owner of the conversation can begin it again. */
export type Turn = { readonly at: 'idle' } | RunningTurn;

export interface RunningTurn {
  readonly at: 'running';
  readonly turnId: string;
  readonly attempt: number;
  /** The seq of the newest message of the person that this turn answers. */
  readonly askedSeq: number;
  /** The model sees everything up to this seq. */
  readonly uptoSeq: number;
  /** Version of the creator's configuration under which the turn began. */
  readonly configVersion: number;
}

export interface Timers {
  /** How many timers were ever set; also the generation of the newest. */
  readonly set: number;
  /** The timers that have not fired, at most one of each timerId. */
  readonly pending: readonly Timer[];
}

export interface Timer {
  /** Begins with the name of the part that set it. */
  readonly timerId: string;
  readonly generation: number;
  readonly dueMs: number;
  /** Already set again once because it fired late; it will not be postponed again. */
  readonly postponed?: true;
  /** Fired then on a host that does not know the part, and was set again. */
  readonly unknownSinceMs?: number;
}

export const noSlices: Slices = Object.freeze({});

export const newConversation: Conversation = {
  core: { topSeq: 0, readSeq: 0, askedSeq: 0, answeredSeq: 0, devices: [], turn: { at: 'idle' } },
  parts: noSlices,
};
