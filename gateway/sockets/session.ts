import type { TokenRole } from '@rapport/proto/identity.ts';
import type { Room } from './rooms.ts';
import type { Wire } from './wire.ts';

/**
 * One socket of one person. Small on purpose: a gateway holds tens of thousands that say nothing for hours.
 */
export interface Session {
  readonly id: string;
  readonly wire: Wire;
  /** `socket` stays open; `request` lives for one POST and never crowds a socket out. */
  readonly of: 'socket' | 'request';
  state: SessionState;
  /** When the system stopped taking this socket's bytes, or last took some; 0 while nothing is unsent. */
  unsentSinceMs: number;
  /** Deltas were left out: a snapshot has to follow. */
  behind: boolean;
  /** Frames refused since `faultsSinceMs`. */
  faults: number;
  faultsSinceMs: number;
}

/** Where a session stands. Times are monotonic. */
export type SessionState =
  /** Connected; its hello is awaited. `origin` is empty where the client is no browser. */
  | { readonly at: 'new'; readonly sinceMs: number; readonly origin: string; readonly host: string }
  /** Its token is being checked. */
  | { readonly at: 'verifying' }
  /** The owner of its conversation was asked for the position. */
  | { readonly at: 'attaching'; readonly member: Member; readonly sinceMs: number; readonly from: Position }
  /** Messages from `sentSeq` up to `newestSeq` are read from the store. */
  | { readonly at: 'catching_up'; readonly member: Member; sentSeq: number; newestSeq: number }
  /** Messages are passed on as they come. */
  | { readonly at: 'live'; readonly member: Member; sentSeq: number }
  | { readonly at: 'closed' };

/** What the client has, by its hello. */
export interface Position {
  readonly afterSeq: number;
  readonly tail: number;
}

/** A session whose token was accepted. */
export interface Member {
  readonly room: Room;
  readonly deviceId: string;
  readonly role: TokenRole;
  /** Says without a final receipt, oldest first. */
  readonly says: PendingSay[];
  /** How many of them are not in the log yet. */
  appending: number;
  /** When the owner is asked again to attach this session, while it has not answered. */
  askAgainAtMs: number;
  paging: boolean;
}

/** A say on its way to `stored`. */
export interface PendingSay {
  readonly session: Session;
  readonly clientSeq: number;
  readonly id: string;
  at: 'appending' | 'accepted' | 'settled';
}

export function newSession(options: {
  readonly id: string;
  readonly wire: Wire;
  readonly of: Session['of'];
  readonly origin: string;
  readonly host: string;
  readonly nowMs: number;
}): Session {
  const { id, wire, of, origin, host, nowMs } = options;
  return {
    id,
    wire,
    of,
    state: { at: 'new', sinceMs: nowMs, origin, host },
    unsentSinceMs: 0,
    behind: false,
    faults: 0,
    faultsSinceMs: 0,
  };
}

/** The member that a session is, once its token was accepted and until it is closed. */
export function memberOf({ state }: Session): Member | undefined {
  switch (state.at) {
    case 'attaching':
    case 'catching_up':
    case 'live':
      return state.member;
    default:
      return undefined;
  }
}
