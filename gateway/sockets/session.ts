import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { ConversationKey, TokenRole } from '@rapport/proto/identity.ts';
import type { Source } from '../tokens/origin.ts';
import type { Allowance } from './allowance.ts';
import type { Budget } from './budget.ts';
import type { Wire } from './wire.ts';

/** The other end of a connection. */
export interface Peer extends Source {
  /** The network address that limits count for: behind a proxy the one that the proxy tells. */
  readonly address: string;
}

/**
 * One socket of one person. A gateway holds tens of thousands of sessions that say nothing for hours, so a
 * session is small. It is also the budget of the bytes that came over its socket.
 */
export interface Session extends Budget {
  readonly id: string;
  readonly wire: Wire;
  readonly peer: Peer;
  /** `socket` stays open; `request` lives for one POST and never crowds a socket out. */
  readonly of: 'socket' | 'request';
  state: SessionState;
  /**
   * The time at which the system stopped taking this socket's bytes, or last took some; 0: nothing is unsent.
   */
  unsentSinceMs: number;
  /** Deltas were left out, so a snapshot has to follow. */
  behind: boolean;
  /** Frames refused since `faultsSinceMs`. */
  faults: number;
  faultsSinceMs: number;
}

/** The states of a session. Times are monotonic. */
export type SessionState =
  /** Connected; its hello is awaited. */
  | { readonly at: 'new'; readonly sinceMs: number }
  /** Its token is being checked. */
  | { readonly at: 'verifying' }
  /** The owner of its conversation was asked for the position. */
  | { readonly at: 'attaching'; readonly member: Member; readonly sinceMs: number; readonly from: Position }
  /** Messages from `sentSeq` up to `newestSeq` are read from the store. */
  | { readonly at: 'catching_up'; readonly member: Member; sentSeq: number; newestSeq: number }
  /** Messages are passed on as they come. */
  | { readonly at: 'live'; readonly member: Member; sentSeq: number }
  | { readonly at: 'closed' };

/** The messages that the client has, by its hello. */
export interface Position {
  readonly afterSeq: number;
  readonly tail: number;
}

/** A conversation with sessions at this gateway. */
export interface Room extends ConversationKey {
  readonly name: string;
  readonly partition: number;
  /** Oldest first. */
  readonly sessions: Session[];
  /** The says that its person has left now; all sockets of the person share them. */
  allowance: Allowance;
  /** The answer being written and its text so far, for sessions that come late or read slowly. */
  turn: { readonly turnId: string; readonly text: string } | undefined;
  /** The highest seq that was passed on as read. */
  readSeq: number;
  /** Sockets of the person at all gateways, as the owner last told; 0: it has not. */
  presence: number;
}

/** A session whose token was accepted. */
export interface Member {
  readonly room: Room;
  readonly deviceId: string;
  readonly role: TokenRole;
  /** From this time of the wall clock on the token is refused. */
  readonly expiresAtMs: number;
  /** The catalog's entry of the creator by which the session was let in. */
  creator: ReturnType<Catalog['creator']>;
  /** Says without a final receipt, oldest first. */
  readonly says: PendingSay[];
  /** The number of `says` that are not in the log yet. */
  appending: number;
  /** The time at which the owner is asked again to attach this session, unless it answers. */
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
  readonly peer: Peer;
  readonly nowMs: number;
}): Session {
  const { id, wire, of, peer, nowMs } = options;
  return {
    id,
    wire,
    of,
    peer,
    state: { at: 'new', sinceMs: nowMs },
    unsentSinceMs: 0,
    behind: false,
    faults: 0,
    faultsSinceMs: 0,
    used: 0,
    usedAtMs: 0,
  };
}

/** The member of a session whose token was accepted; undefined before that, and when it is closed. */
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
