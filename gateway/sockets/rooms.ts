import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import { fullAllowance } from './allowance.ts';
import type { Room, Session } from './session.ts';

/** Hears of every session that enters or leaves a room. */
export interface RoomWatcher {
  joined(room: Room, session: Session): void;
  left(room: Room, session: Session): void;
}

/**
 * The rooms of this gateway. They are kept by partition, because a change of owner concerns a whole
 * partition.
 */
export class Rooms {
  readonly #byPartition: readonly Map<string, Room>[];
  readonly #watcher: RoomWatcher;

  constructor(partitions: number, watcher: RoomWatcher) {
    this.#watcher = watcher;
    this.#byPartition = Array.from({ length: partitions }, () => new Map());
  }

  get size(): number {
    return this.#byPartition.reduce((size, rooms) => size + rooms.size, 0);
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

  /** Adds a session to its room. The first session makes the room. */
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
    this.#watcher.joined(room, session);
    return room;
  }

  /** Takes a session out. The room goes with its last session. */
  leave(room: Room, session: Session): void {
    const at = room.sessions.indexOf(session);
    if (at >= 0) room.sessions.splice(at, 1);
    if (room.sessions.length === 0) {
      this.#byPartition[room.partition]?.delete(room.name);
    }
    this.#watcher.left(room, session);
  }
}

/**
 * The number of sockets that the owner is told. A room that holds only a request counts as one, because the
 * owner delivers nothing to a gateway without sockets.
 */
export function socketsOf({ sessions }: Room): number {
  if (sessions.length <= 1) return sessions.length;
  return Math.max(1, sessions.filter((session) => session.of === 'socket').length);
}
