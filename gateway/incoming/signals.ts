import type { Controls } from '../outgoing/controls.ts';
import type { Member, Room, Session } from '../sockets/session.ts';
import type { Inbound } from './inbound.ts';

export interface SignalsOptions {
  readonly controls: Controls;
  readonly inbound: Inbound;
}

/** Typing, reading and stopping. Only the newest of each sweep counts, however often a client sends them. */
export class Signals {
  readonly #options: SignalsOptions;
  readonly #typing = new Map<Session, { readonly member: Member; readonly on: boolean }>();
  readonly #reads = new Map<Room, number>();
  readonly #stops = new Map<Room, string>();

  constructor(options: SignalsOptions) {
    this.#options = options;
  }

  typing(session: Session, member: Member, on: boolean): void {
    this.#typing.set(session, { member, on });
  }

  /** A client cannot have read a message that was not sent to it, so `seq` counts up to `sentSeq`. */
  read({ room }: Member, { seq, sentSeq }: { readonly seq: number; readonly sentSeq: number }): void {
    const upTo = Math.min(seq, sentSeq);
    if (upTo > Math.max(room.readSeq, this.#reads.get(room) ?? 0)) {
      this.#reads.set(room, upTo);
    }
  }

  /** An answer that has ended already needs no stop. */
  stop({ room }: Member, turnId: string): void {
    if (room.turn?.turnId === turnId) this.#stops.set(room, turnId);
  }

  tick(): void {
    for (const [{ id }, { member, on }] of this.#typing) {
      const { creatorId, userId, partition } = member.room;
      this.#options.controls.add(partition, { kind: 'typing', creatorId, userId, sessionId: id, on });
    }
    this.#typing.clear();
    for (const [{ creatorId, userId, partition }, turnId] of this.#stops) {
      this.#options.controls.add(partition, { kind: 'stop', creatorId, userId, turnId });
    }
    this.#stops.clear();
    for (const [room, seq] of this.#reads) this.#append(room, seq);
    this.#reads.clear();
  }

  #append(room: Room, seq: number): void {
    const { creatorId, userId, partition } = room;
    const before = room.readSeq;
    room.readSeq = seq;
    const forget = () => {
      room.readSeq = before; // The next read frame tries again.
    };
    const taken = this.#options.inbound.add(
      partition,
      { creatorId, userId, event: { kind: 'read', seq } },
      (settled) => {
        if (settled === 'lost') forget();
      },
    );
    if (!taken) forget();
  }
}
