import type { Coach, Frame, Message, Role } from './frame.ts';
import type { Keeping } from './sender.ts';
import type { Connection } from './socket.ts';
import type { Storage } from './storage.ts';
import type { Surroundings } from './surroundings.ts';
import type { Pending, RunningAnswer } from './timeline.ts';

export interface RapportOptions {
  /** The gateway's address, `https://chat.example.com`. */
  readonly url: string;
  readonly creatorId: string;
  /**
   * A person's token, or how to get a fresh one. Without it the client asks for a visitor's and keeps that.
   */
  readonly token?: string | (() => Promise<string>);
  /** Where unsent messages and the visitor's token are kept; this page's or process's memory by default. */
  readonly storage?: Storage | Promise<Storage>;
  /** Messages asked for at the beginning; 0 asks for all. */
  readonly tail?: number;
  /** The last seq that the caller has already; `tail` then means nothing. */
  readonly afterSeq?: number;
  readonly surroundings?: Surroundings;
  /** Called with every frame before the state changes: for measuring. */
  readonly onFrame?: (frame: Frame) => void;
}

/** Everything there is to show: an immutable value, a new one after each change. */
export interface RapportState {
  readonly connection: Connection;
  readonly userId: string;
  readonly coach: Coach;
  readonly textCharsMax: number;
  /** The conversation in order of seq, without a hole. */
  readonly messages: readonly Message[];
  /** Says of the person that are not in `messages` yet, in order. */
  readonly pending: readonly Pending[];
  readonly answer: RunningAnswer | undefined;
  /** Turns whose answers somebody stopped while this client was there. */
  readonly stoppedTurns: readonly string[];
  readonly typing: Role | undefined;
  readonly topSeq: number;
  readonly readSeq: number;
  readonly sockets: number;
  /** Whether there are messages before the first of `messages`; `page` asks for them. */
  readonly older: 'none' | 'more' | 'loading';
  /** The newest refusal of a frame. */
  readonly fault: { readonly code: string; readonly reason: string; readonly atMs: number } | undefined;
  /** How long unsent messages and the visitor's token last: on this device, or only as long as this page. */
  readonly keeping: 'device' | 'page';
}

/** A conversation with a creator's coach. Fits a Svelte store and React's useSyncExternalStore. */
export interface Rapport {
  /** Resolves when the message is kept on disk (it will be sent, whatever happens), or can not be taken. */
  say(text: string, choiceId?: string): Promise<Keeping>;
  /** Stops the answer that is being written. */
  stop(): void;
  /** Tells the others of the conversation that the person writes; call it at every key. */
  typing(on: boolean): void;
  /** The person has read everything up to `seq`. */
  read(seq: number): void;
  /** Asks for older messages. */
  page(): void;
  /** Forgets a message of `pending` that failed. */
  dismiss(id: string): void;
  /** Connects at once, also after `stopped`. */
  retry(): void;
  /** Calls `listener` now and after each change; the returned function ends it. */
  subscribe(listener: (state: RapportState) => void): () => void;
  state(): RapportState;
  /** Leaves. Unsent messages stay in the storage. */
  close(): Promise<void>;
}
