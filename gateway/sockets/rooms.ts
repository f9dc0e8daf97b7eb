import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import { type Allowance, fullAllowance } from '../incoming/admit.ts';
import type { PersonLimits } from '../limits/limits.ts';
import type { Session } from './session.ts';

/** A conversation that has sessions here. */
export interface Room extends ConversationKey {
  readonly name: string;
  readonly partition: number;
  /** Oldest first. */
  readonly sessions: Session[];
  /** What its person may still say now; shared by all the person's sockets. */
  allowance: Allowance;
  /** The answer being written and its text so far, for sessions that come late or read slowly. */
  turn: { readonly turnId: string; readonly text: string } | undefined;
  /** The highest seq that was passed on as read. */
  readSeq: number;
  /** How many sockets of the person there are anywhere, as the owner last told; 0 when it has not. */
  presence: number;
}

/**
 * Every conversation with sessions here, by partition, because a change of owner concerns a whole partition.
 */
export class Rooms {
  readonly #byPartition: readonly Map<string, Room>[];
  readonly #personLimits: Pick<PersonLimits, 'joined' | 'left'>;

  constructor(partitions: number, personLimits: Pick<PersonLimits, 'joined' | 'left'>) {
    this.#personLimits = personLimits;
    this.#byPartition = Array.from({ length: partitions }, () => new Map());
  }

  get size(): number {
    return this.#byPartition.reduce((size, conversations) => size + conversations.size, 0);
  }

  partitionOf(key: ConversationKey): number {
    return partitionOf(key, this.#byPartition.length);
  }

  find(key: ConversationKey, partition: number): Room | undefined {
    return this.#byPartition[partition]?.get(conversationName(key));
  }

  inPartition(partition: number): Iterable<Room> {
    return this.#byPartition[partition]?.values() ?? [];
  }

  hasAny(partition: number): boolean {
    return (this.#byPartition[partition]?.size ?? 0) > 0;
  }

  /** Adds a session to its conversation, which is made with its first one. */
  join({ creatorId, userId }: ConversationKey, session: Session): Room {
    const partition = this.partitionOf({ creatorId, userId });
    const name = conversationName({ creatorId, userId });
    const room = this.#byPartition[partition]?.get(name) ?? {
      creatorId,
      userId,
      name,
      partition,
      sessions: [],
      allowance: fullAllowance,
      turn: undefined,
      readSeq: 0,
      presence: 0,
    };
    this.#byPartition[partition]?.set(name, room);
    room.sessions.push(session);
    this.#personLimits.joined(room, session);
    return room;
  }

  /** Takes a session out; the conversation goes with its last one. */
  leave(room: Room, session: Session): void {
    const at = room.sessions.indexOf(session);
    if (at >= 0) room.sessions.splice(at, 1);
    if (room.sessions.length === 0) {
      this.#byPartition[room.partition]?.delete(room.name);
    }
    this.#personLimits.left(room, session);
  }
}

/**
 * How many sockets the owner is told of; a conversation with only a request counts as one, so that it is
 * delivered to.
 */
export function socketsOf({ sessions }: Room): number {
  if (sessions.length <= 1) return sessions.length;
  return Math.max(1, sessions.filter((session) => session.of === 'socket').length);
}
