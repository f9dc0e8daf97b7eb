import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { Attached } from '@rapport/proto/delivery.ts';
import type { CoachJson, LimitsJson, WelcomeJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Meters } from '../meters.ts';
import { type Rooms, socketsOf } from '../sockets/rooms.ts';
import { type Member, memberOf, type Position, type Room, type Session } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';
import type { CatchUp } from './catch-up.ts';
import type { Controls } from './controls.ts';
import type { Receipts } from './receipts.ts';

/**
 * An attach may be lost or come before the owner listens: it is sent again, soon once and then each second.
 */
const askAgainSoonMs = 300;
const askAgainMs = 1_000;
/** Sessions asked for in one sweep: after a take-over a partition's thousands are spread over some sweeps. */
const asksPerTickMax = 1_000;

export interface AttachOptions {
  readonly limits: Limits;
  readonly controls: Controls;
  readonly rooms: Rooms;
  readonly catchUp: CatchUp;
  readonly receipts: Receipts;
  readonly writer: Writer;
  readonly catalog: Pick<Catalog, 'creator'>;
  readonly clock: Clock;
  readonly meters: Meters;
}

/**
 * Ties sessions to the owner of their conversation, at hello and again whenever deliveries may have been
 * lost.
 */
export class Attach {
  readonly #options: AttachOptions;
  /** Sessions that wait for the owner's answer, the longest wait first. */
  readonly #waiting = new Set<Session>();
  /** Sessions to attach again in the next sweeps. */
  readonly #again = new Set<Session>();

  constructor(options: AttachOptions) {
    this.#options = options;
  }

  ask(session: Session, member: Member): void {
    const { controls, clock, meters } = this.#options;
    const { room, deviceId } = member;
    const { creatorId, userId, partition } = room;
    const again = this.#waiting.delete(session);
    this.#waiting.add(session);
    member.askAgainAtMs = clock.monotonicMs() + (again ? askAgainMs : askAgainSoonMs);
    meters.attaches.inc();
    controls.add(partition, {
      kind: 'attach',
      creatorId,
      userId,
      sessionId: session.id,
      deviceId,
      sockets: socketsOf(room),
    });
  }

  /** Deliveries of a partition may have been lost, or its owner is a new one. */
  askAgain(partition: number): void {
    for (const room of this.#options.rooms.inPartition(partition)) {
      const { sessions, turn } = room;
      // An answer that was begun again does not continue the old text. The owner's answer has the new text.
      if (turn !== undefined) room.turn = { turnId: turn.turnId, text: '' };
      for (const session of sessions) {
        this.#again.add(session);
        session.behind = true;
      }
    }
  }

  forget(session: Session): void {
    this.#waiting.delete(session);
    this.#again.delete(session);
  }

  /** The owner's answer. */
  attached(session: Session, attached: Attached): void {
    const { state } = session;
    const member = memberOf(session);
    if (member === undefined) return;
    this.#waiting.delete(session);
    this.#takeTurn(member.room, attached.turn);
    session.behind ||= attached.turn !== undefined;
    if (state.at === 'attaching') {
      this.#welcome(session, member, attached);
      const sentSeq = startOf(state.from, attached.topSeq);
      this.#options.catchUp.start(session, member, { sentSeq, newestSeq: attached.topSeq });
      return;
    }
    this.#options.receipts.settleStored(session, member, attached);
    if (state.at === 'catching_up') state.newestSeq = Math.max(state.newestSeq, attached.topSeq);
    if (state.at !== 'live') return;
    if (attached.topSeq > state.sentSeq) {
      this.#options.catchUp.start(session, member, { sentSeq: state.sentSeq, newestSeq: attached.topSeq });
    } else if (this.#options.writer.takesDeltas(session)) {
      this.#options.writer.catchUpTurn(session);
    }
  }

  tick(nowMs: number): void {
    const due: Session[] = [];
    for (const session of this.#again) {
      if (due.length === asksPerTickMax) break;
      due.push(session);
      this.#again.delete(session);
    }
    for (const session of this.#waiting) {
      if (due.length === asksPerTickMax) break;
      const member = memberOf(session);
      if (member === undefined || member.askAgainAtMs > nowMs) continue;
      if (!this.#overdue(session, nowMs)) due.push(session);
    }
    for (const session of due) {
      const member = memberOf(session);
      if (member !== undefined) this.ask(session, member);
    }
  }

  /**
   * A session that was attached before waits on, because its person can go on writing. A new session is told
   * to come later.
   */
  #overdue(session: Session, nowMs: number): boolean {
    const { limits, writer } = this.#options;
    if (session.state.at !== 'attaching' || nowMs - session.state.sinceMs < limits.attachWithinMs)
      return false;
    writer.goodbye(session, 'unavailable');
    return true;
  }

  /** The owner's word on the running answer holds for all sessions of the room. */
  #takeTurn(room: Room, turn: Attached['turn']): void {
    const ended = room.turn;
    room.turn = turn;
    if (ended === undefined || ended.turnId === turn?.turnId) return;
    // The frame that ended this answer was lost. Its text comes as a message.
    for (const session of room.sessions) {
      if (session.state.at === 'attaching') continue;
      this.#options.writer.send(session, { turn: { turnId: ended.turnId, state: 'COMPLETED' } });
    }
  }

  #welcome(session: Session, { room }: Member, { topSeq, clientSeqStored, readSeq }: Attached): void {
    const { limits, writer, catalog, clock } = this.#options;
    const creator = catalog.creator(room.creatorId)?.creator;
    const coach: CoachJson = {
      name: creator?.name ?? '',
      greeting: creator?.greeting ?? '',
      suggestions: creator?.suggestions ?? [],
      people: creator?.answering === 'people',
    };
    const welcome: WelcomeJson = {
      sessionId: session.id,
      creatorId: room.creatorId,
      userId: room.userId,
      topSeq,
      clientSeqStored,
      readSeq,
      limits: limitsOf(limits),
      serverTimeMs: clock.wallMs(),
      coach,
    };
    writer.send(session, { welcome });
    if (room.presence > 1) writer.send(session, { presence: { sockets: room.presence } });
  }
}

/** The seq that the client has, or is taken to have when it only wants the newest messages. */
function startOf({ afterSeq, tail }: Position, topSeq: number): number {
  if (afterSeq > 0) return Math.min(afterSeq, topSeq);
  return tail > 0 ? Math.max(0, topSeq - tail) : 0;
}

function limitsOf({ frameBytesMax, textCharsMax, saysInFlightMax, pageMessagesMax }: Limits): LimitsJson {
  return { frameBytesMax, textCharsMax, saysInFlightMax, pageMessagesMax };
}
