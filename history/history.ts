import type { MessageJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { ConversationKey } from '@rapport/proto/identity.ts';
import type { Usage } from '@rapport/proto/usage.ts';

/** A message as it is stored: the wire's own shape with seq and atMs, and the usage of its answer. */
export type StoredMessage = MessageJson & {
  readonly seq: number;
  readonly atMs: number;
  /** Not shown to clients (`shown`). */
  readonly usage?: Usage;
};

/** The message as clients see it, and as it is on the wire. */
export function shown(message: StoredMessage): Omit<StoredMessage, 'usage'> {
  if (message.usage === undefined) return message;
  const { usage: _, ...rest } = message;
  return rest;
}

/** A message to store, encoded once for the store and for all clients. */
export interface EncodedMessage {
  readonly seq: number;
  /** A StoredMessage as JSON. */
  readonly json: string;
}

export function encodeMessage(message: StoredMessage): EncodedMessage {
  return { seq: message.seq, json: JSON.stringify(message) };
}

/** A conversation's row beside its messages. */
export interface StoredConversation {
  /** The actor's state as JSON; opaque to the store. */
  readonly state: string;
  /** Position in the log of the newest event folded into `state`. */
  readonly inSeq: number;
  /** The generation of the owner that wrote it. */
  readonly epoch: number;
  readonly topSeq: number;
}

/** The changes of one batch in one conversation, written as a whole or not at all. */
export interface ConversationWrite extends ConversationKey, StoredConversation {
  /** In order of seq, without a hole. */
  readonly messages: readonly EncodedMessage[];
}

/** Which messages a page holds: the `limit` nearest to the given seq on one side, always in order of seq. */
export type PageRange =
  | { readonly afterSeq: number; readonly limit: number }
  | { readonly beforeSeq: number; readonly limit: number };

/**
 * The stored messages, found by conversation and dense seq, and one row of state per conversation.
 * `history-sqlite.ts` is the embedded store, `history-cassandra.ts` the one for many hosts,
 * `history-memory.ts` the twin for tests; every store passes `history.contract.ts`.
 */
export interface MessageStore {
  /** The rows of these conversations, in the order asked; undefined where there is none yet. */
  load(keys: readonly ConversationKey[]): Promise<readonly (StoredConversation | undefined)[]>;
  /**
   * Writes everything durably before it resolves. A row whose stored inSeq is greater than the write's stays
   * as it is, so a late write of an earlier owner does no harm. Where two owners write the same position,
   * one write stays, whole; it is the newer owner's if that came last. Writing the same thing twice changes
   * nothing. Throws Fault `history_unavailable` when the store cannot write; then any part of it may be
   * missing.
   */
  commit(writes: readonly ConversationWrite[]): Promise<void>;
  /** Throws Fault `history_unavailable` when the store cannot be read. */
  page(key: ConversationKey, range: PageRange): Promise<readonly StoredMessage[]>;
  /** Throws when the store is not usable: for readiness. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
