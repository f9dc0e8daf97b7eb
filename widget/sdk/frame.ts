import type { DownJson, MessageJson, UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { limits } from '@rapport/proto/limits.ts';

/**
 * A frame from the gateway, read: a union by `kind`, every field present. proto3 JSON leaves out what has
 * its zero value and a reader must take any field as absent, so this is the one place where untrusted text
 * becomes typed values.
 */
export type Frame =
  | Welcome
  | Receipt
  | ({ readonly kind: 'message' } & Message)
  | { readonly kind: 'turn'; readonly turnId: string; readonly state: TurnState; readonly code: string }
  | { readonly kind: 'delta'; readonly turnId: string; readonly offset: number; readonly text: string }
  | { readonly kind: 'snapshot'; readonly turnId: string; readonly text: string }
  | History
  | { readonly kind: 'typing'; readonly on: boolean; readonly role: Role }
  | { readonly kind: 'presence'; readonly sockets: number }
  | { readonly kind: 'read'; readonly seq: number }
  | {
      readonly kind: 'fault';
      readonly code: string;
      readonly reason: string;
      readonly retryAfterMs: number;
    }
  | {
      readonly kind: 'goodbye';
      readonly code: string;
      readonly reason: string;
      readonly reconnectAfterMs: number;
    };

export interface Welcome {
  readonly kind: 'welcome';
  readonly sessionId: string;
  readonly creatorId: string;
  readonly userId: string;
  readonly topSeq: number;
  readonly clientSeqStored: number;
  readonly readSeq: number;
  readonly serverTimeMs: number;
  readonly textCharsMax: number;
  readonly saysInFlightMax: number;
  readonly pageMessagesMax: number;
  readonly coach: Coach;
}

export interface Coach {
  readonly name: string;
  readonly greeting: string;
  readonly suggestions: readonly string[];
  /** People answer here, no model. */
  readonly people: boolean;
}

export interface Receipt {
  readonly kind: 'receipt';
  readonly clientSeq: number;
  readonly id: string;
  readonly state: 'ACCEPTED' | 'STORED' | 'REJECTED';
  readonly seq: number;
  readonly code: string;
  readonly reason: string;
  readonly retryAfterMs: number;
}

export interface History {
  readonly kind: 'history';
  readonly messages: readonly Message[];
  readonly more: boolean;
  readonly paged: boolean;
}

export type Role = 'USER' | 'COACH' | 'OPERATOR' | 'SYSTEM';
export type TurnState = 'STARTED' | 'COMPLETED' | 'STOPPED' | 'FAILED';

/**
 * A stored message. `seq` is dense in the conversation; `code` says why, in a SYSTEM message about a
 * failure.
 */
export interface Message {
  readonly seq: number;
  readonly id: string;
  readonly role: Role;
  readonly text: string;
  readonly choices: readonly Choice[];
  readonly channel: string;
  readonly atMs: number;
  readonly turnId: string;
  readonly sources: readonly Source[];
  readonly code: string;
}

export interface Choice {
  readonly id: string;
  readonly text: string;
}

export interface Source {
  readonly documentId: string;
  readonly title: string;
  readonly url: string;
  readonly quote: string;
}

export function encodeUp(up: UpJson): string {
  return JSON.stringify(up);
}

/** Reads a text frame; undefined for what is no frame or a kind that this version does not know. */
export function decodeDown(text: string): Frame | undefined {
  let down: DownJson;
  try {
    down = JSON.parse(text) as DownJson; // Decoder: every field below is read by its type or replaced.
  } catch {
    return undefined;
  }
  return typeof down === 'object' && down !== null ? frameOf(down) : undefined;
}

/** The union for a Down object. */
export function frameOf(down: DownJson): Frame | undefined {
  if (down.message) return { kind: 'message', ...messageOf(down.message) };
  if (down.receipt) return receiptOf(down.receipt);
  if (down.history) return historyOf(down.history);
  if (down.welcome) return welcomeOf(down.welcome);
  return streamingOf(down) ?? ephemeralOf(down);
}

function streamingOf({ turn, delta, snapshot }: DownJson): Frame | undefined {
  if (delta) {
    return {
      kind: 'delta',
      turnId: text(delta.turnId),
      offset: count(delta.offset),
      text: text(delta.text),
    };
  }
  if (snapshot) return { kind: 'snapshot', turnId: text(snapshot.turnId), text: text(snapshot.text) };
  if (!turn) return undefined;
  const state = turnStates.find((known) => known === turn.state);
  return state && { kind: 'turn', turnId: text(turn.turnId), state, code: text(turn.code) };
}

function ephemeralOf({ typing, presence, read, fault, goodbye }: DownJson): Frame | undefined {
  if (typing) return { kind: 'typing', on: typing.on === true, role: roleOf(typing.role) };
  if (presence) return { kind: 'presence', sockets: count(presence.sockets) };
  if (read) return { kind: 'read', seq: count(read.seq) };
  if (fault) {
    const { code, reason, retryAfterMs } = fault;
    return { kind: 'fault', code: text(code), reason: text(reason), retryAfterMs: count(retryAfterMs) };
  }
  if (!goodbye) return undefined;
  return {
    kind: 'goodbye',
    code: text(goodbye.code),
    reason: text(goodbye.reason),
    reconnectAfterMs: count(goodbye.reconnectAfterMs),
  };
}

function welcomeOf(welcome: NonNullable<DownJson['welcome']>): Welcome {
  return {
    kind: 'welcome',
    sessionId: text(welcome.sessionId),
    creatorId: text(welcome.creatorId),
    userId: text(welcome.userId),
    topSeq: count(welcome.topSeq),
    clientSeqStored: count(welcome.clientSeqStored),
    readSeq: count(welcome.readSeq),
    serverTimeMs: count(welcome.serverTimeMs),
    textCharsMax: count(welcome.limits?.textCharsMax) || limits.textCharsMax,
    saysInFlightMax: count(welcome.limits?.saysInFlightMax) || limits.saysInFlightMax,
    pageMessagesMax: count(welcome.limits?.pageMessagesMax) || limits.pageMessagesMax,
    coach: {
      name: text(welcome.coach?.name),
      greeting: text(welcome.coach?.greeting),
      suggestions: list(welcome.coach?.suggestions).map(text),
      people: welcome.coach?.people === true,
    },
  };
}

function receiptOf(receipt: NonNullable<DownJson['receipt']>): Receipt | undefined {
  const state = receiptStates.find((known) => known === receipt.state);
  return (
    state && {
      kind: 'receipt',
      clientSeq: count(receipt.clientSeq),
      id: text(receipt.id),
      state,
      seq: count(receipt.seq),
      code: text(receipt.code),
      reason: text(receipt.reason),
      retryAfterMs: count(receipt.retryAfterMs),
    }
  );
}

function historyOf(history: NonNullable<DownJson['history']>): History {
  return {
    kind: 'history',
    messages: list(history.messages).map(messageOf),
    more: history.more === true,
    paged: history.paged === true,
  };
}

function messageOf(message: MessageJson): Message {
  return {
    seq: count(message.seq),
    id: text(message.id),
    role: roleOf(message.role),
    text: text(message.text),
    choices: list(message.choices).map((choice) => ({ id: text(choice.id), text: text(choice.text) })),
    channel: text(message.channel),
    atMs: count(message.atMs),
    turnId: text(message.turnId),
    sources: list(message.sources).map((source) => ({
      documentId: text(source.documentId),
      title: text(source.title),
      url: text(source.url),
      quote: text(source.quote),
    })),
    code: text(message.code),
  };
}

const roles: readonly Role[] = ['USER', 'COACH', 'OPERATOR', 'SYSTEM'];
const turnStates: readonly TurnState[] = ['STARTED', 'COMPLETED', 'STOPPED', 'FAILED'];
const receiptStates: readonly Receipt['state'][] = ['ACCEPTED', 'STORED', 'REJECTED'];

const roleOf = (value: unknown): Role => roles.find((role) => role === value) ?? 'SYSTEM';
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const count = (value: unknown): number => (typeof value === 'number' && value >= 0 ? value : 0);
const list = <T>(value: readonly T[] | undefined): readonly T[] => (Array.isArray(value) ? value : []);
