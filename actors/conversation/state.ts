/** All that one conversation remembers between events. Plain JSON: it is stored as it stands. */
export interface Conversation {
  /** The seq of the newest message; 0 before the first. */
  readonly topSeq: number;
  /** The person has read up to here. */
  readonly readSeq: number;
  /** The seq of the newest message of the person that waits for, or is in, an answer; 0 when none does. */
  readonly askedSeq: number;
  /** What the person said up to this seq has had its answer, or needs none; a failure is none. */
  readonly answeredSeq: number;
  /** What each device has sent, the one heard last at the end. At most limits.devicesMax. */
  readonly devices: readonly Device[];
  readonly turn: Turn;
  /** Absent until the first is set. */
  readonly timers?: Timers;
}

export interface Device {
  readonly deviceId: string;
  /** The newest clientSeq that is stored. */
  readonly clientSeq: number;
  /** The seqs that the newest says got; the last belongs to clientSeq, the one before to clientSeq - 1. */
  readonly seqs: readonly number[];
}

/** An answer is state, not a call: whoever owns the conversation can begin it again. */
export type Turn = { readonly at: 'idle' } | RunningTurn;

export interface RunningTurn {
  readonly at: 'running';
  readonly turnId: string;
  readonly attempt: number;
  /** The seq of the newest message of the person that it answers. */
  readonly askedSeq: number;
  /** It is written in the light of everything up to this seq. */
  readonly uptoSeq: number;
  /** Version of the creator's configuration that it was begun under. */
  readonly configVersion: number;
}

export interface Timers {
  /** How many were ever set: the newest's generation. */
  readonly set: number;
  /** Those that are to fire, one of each timerId. */
  readonly pending: readonly Timer[];
}

export interface Timer {
  readonly timerId: string;
  readonly generation: number;
  readonly dueMs: number;
  /** It was past due once and got this time in its place. */
  readonly postponed?: true;
}

export const newConversation: Conversation = {
  topSeq: 0,
  readSeq: 0,
  askedSeq: 0,
  answeredSeq: 0,
  devices: [],
  turn: { at: 'idle' },
};

/** The newest clientSeq that is stored of a device; 0 for one that is not known. */
export function clientSeqStored(state: Conversation, deviceId: string): number {
  return deviceOf(state, deviceId)?.clientSeq ?? 0;
}

export function deviceOf(state: Conversation, deviceId: string): Device | undefined {
  return state.devices.find((device) => device.deviceId === deviceId);
}

/** The seq that an already stored say got, 0 when that is too long ago to be remembered. */
export function seqOf(device: Device, clientSeq: number): number {
  return device.seqs[device.seqs.length - 1 - (device.clientSeq - clientSeq)] ?? 0;
}
