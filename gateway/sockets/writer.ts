// Hop 11 of 12: gateway/sockets/writer - bytes bounded per socket; the slow get a snapshot, never a hole.
import { type CloseCode, type Code, codes } from '@rapport/proto/codes.ts';
import type { DownJson, FaultJson, GoodbyeJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Meters } from '../meters.ts';
import { encodeDown } from './down-frame.ts';
import { memberOf, type Session } from './session.ts';
import type { Encoded } from './wire.ts';

/** 0: the client chooses when to come back. */
const reconnectAfterMsDefault = 0;

export interface WriterOptions {
  readonly limits: Limits;
  readonly clock: Clock;
  readonly meters: Meters;
  /** Called once for a session that is over: takes it out of every set and map that holds it. */
  readonly onClosed: (session: Session) => void;
}

/**
 * Writes frames to sockets and bounds the bytes that wait unsent. Above `unsentBytesSoft` deltas are left
 * out, and one snapshot follows once there is room; above `unsentBytesMax` messages stay in the store and are
 * read from there later.
 */
export class Writer {
  readonly #options: WriterOptions;
  /** Sessions with unsent bytes: few, so that the sweep is cheap. */
  readonly #pressed = new Set<Session>();
  /** The waiters for room on a session. */
  readonly #waiting = new Map<Session, (() => void)[]>();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  send(session: Session, down: DownJson): void {
    this.sendEncoded(session, encodeDown(down, session.wire.format));
  }

  sendEncoded(session: Session, frame: Encoded): void {
    if (session.state.at === 'closed') return;
    this.#options.meters.framesOut.inc();
    const sent = session.wire.send(frame);
    if (sent === 'sent') return;
    if (sent === 'dropped') this.goodbye(session, 'slow');
    else if (session.unsentSinceMs === 0) {
      session.unsentSinceMs = this.#options.clock.monotonicMs();
      this.#pressed.add(session);
    }
  }

  /** Whether a live message may be written now; otherwise it is read from the store when there is room. */
  takesMessages(session: Session): boolean {
    return session.unsentSinceMs === 0 || session.wire.unsentBytes() <= this.#options.limits.unsentBytesMax;
  }

  /** Whether a delta, or another frame that may be left out, is written now. */
  takesDeltas(session: Session): boolean {
    return session.unsentSinceMs === 0 || session.wire.unsentBytes() <= this.#options.limits.unsentBytesSoft;
  }

  /** Resolves when there is room for bulk, or the session is closed. */
  room(session: Session): Promise<void> {
    if (session.state.at === 'closed' || this.takesDeltas(session)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(session);
      if (waiting === undefined) this.#waiting.set(session, [resolve]);
      else waiting.push(resolve);
    });
  }

  /** The system took some of the unsent bytes. */
  drained(session: Session): void {
    if (session.state.at === 'closed') return;
    const empty = session.wire.unsentBytes() === 0;
    session.unsentSinceMs = empty ? 0 : this.#options.clock.monotonicMs();
    if (empty) this.#pressed.delete(session);
    if (!this.takesDeltas(session)) return;
    this.#wake(session);
    if (session.state.at === 'live') this.catchUpTurn(session);
  }

  /** Sends the text so far of the running answer to a session that missed deltas of it. */
  catchUpTurn(session: Session): void {
    if (!session.behind) return;
    session.behind = false;
    const turn = memberOf(session)?.room.turn;
    if (turn === undefined) return;
    this.send(session, { turn: { turnId: turn.turnId, state: 'STARTED' } });
    if (turn.text !== '') this.send(session, { snapshot: { turnId: turn.turnId, text: turn.text } });
  }

  /** Answers a refused frame; the socket stays. */
  fault(
    session: Session,
    code: Code,
    more: { readonly reason?: string; readonly retryAfterMs?: number } = {},
  ): void {
    const reason = more.reason ?? codes[code].sentence;
    const fault: FaultJson = { code, reason, ...(more.retryAfterMs && { retryAfterMs: more.retryAfterMs }) };
    this.send(session, { fault });
    this.countFault(session, code);
  }

  /** Answers a frame that was not read because too much came. A socket that goes on is cut. */
  faultUnread(session: Session, retryAfterMs: number): void {
    const code = 'too_fast';
    this.send(session, { fault: { code, reason: codes[code].sentence, retryAfterMs } });
    if (this.#isFaulty(session, code)) this.cut(session, 'too_many_faults');
  }

  /** Counts a refused frame, however it was answered. A socket that only sends such frames is closed. */
  countFault(session: Session, code: Code): void {
    if (this.#isFaulty(session, code)) this.goodbye(session, 'too_many_faults');
  }

  /** Counts one more fault; true when there are too many. */
  #isFaulty(session: Session, code: Code): boolean {
    const { limits, clock, meters } = this.#options;
    meters.faults.inc({ code });
    if (codes[code].http >= 500) return false; // Our trouble, not the client's.
    const nowMs = clock.monotonicMs();
    if (nowMs - session.faultsSinceMs > limits.faultsWindowMs) {
      session.faults = 0;
      session.faultsSinceMs = nowMs;
    }
    session.faults += 1;
    return session.faults > limits.faultsMax;
  }

  /** Says why and closes. */
  goodbye(session: Session, code: CloseCode, reconnectAfterMs = reconnectAfterMsDefault): void {
    if (session.state.at === 'closed') return;
    this.announce(session, code, reconnectAfterMs);
    this.closed(session);
    session.wire.end(codes[code].close, code);
  }

  /**
   * Cuts the connection of a flood at once; its client may miss the goodbye. A connection that is closed in
   * order is read until its client goes, however much still comes.
   */
  cut(session: Session, code: CloseCode): void {
    if (session.state.at === 'closed') return;
    this.announce(session, code, reconnectAfterMsDefault);
    this.closed(session);
    session.wire.cut();
  }

  /** Says that the socket will close, and leaves it to the client to go. */
  announce(session: Session, code: CloseCode, reconnectAfterMs: number): void {
    this.#options.meters.goodbyes.inc({ code });
    const goodbye: GoodbyeJson = {
      code,
      reason: codes[code].sentence,
      ...(reconnectAfterMs && { reconnectAfterMs }),
    };
    session.wire.send(encodeDown({ goodbye }, session.wire.format));
  }

  /** The session is over, whoever closed it. */
  closed(session: Session): void {
    if (session.state.at === 'closed') return;
    this.#options.onClosed(session);
    session.state = { at: 'closed' };
    this.#pressed.delete(session);
    this.#wake(session);
  }

  /** Closes sockets that took no bytes for too long. */
  tick(nowMs: number): void {
    for (const session of this.#pressed) {
      if (nowMs - session.unsentSinceMs > this.#options.limits.drainStallMs) this.goodbye(session, 'slow');
    }
  }

  #wake(session: Session): void {
    const waiting = this.#waiting.get(session);
    if (waiting === undefined) return;
    this.#waiting.delete(session);
    for (const resume of waiting) resume();
  }
}
