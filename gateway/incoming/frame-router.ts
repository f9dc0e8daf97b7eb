import { may } from '@rapport/proto/identity.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Intake } from '../limits/intake.ts';
import type { Meters } from '../meters.ts';
import type { Attach } from '../outgoing/attach.ts';
import type { Controls } from '../outgoing/controls.ts';
import type { Receipts } from '../outgoing/receipts.ts';
import { type Rooms, socketsOf } from '../sockets/rooms.ts';
import { type Member, memberOf, newSession, type Peer, type Session } from '../sockets/session.ts';
import type { Wire } from '../sockets/wire.ts';
import type { Writer } from '../sockets/writer.ts';
import { decodeUp } from './frame.ts';
import type { Hello } from './hello.ts';
import type { Newcomers } from './newcomers.ts';
import type { Pages } from './pages.ts';
import type { Signals } from './signals.ts';
import type { Submissions } from './submissions.ts';
import type { UpFrame } from './up-frame.ts';

export interface FrameRouterOptions {
  readonly gatewayId: string;
  readonly limits: Limits;
  readonly intake: Intake;
  readonly newcomers: Newcomers;
  readonly hello: Hello;
  readonly attach: Attach;
  readonly submissions: Submissions;
  readonly receipts: Receipts;
  readonly pages: Pages;
  readonly signals: Signals;
  readonly rooms: Rooms;
  readonly controls: Controls;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly meters: Meters;
}

/** A moment after which a frame that came before the welcome may be sent again. */
const notYetMs = 500;

/** The way in of every session: it opens, its frames go where they belong, it closes. */
export class FrameRouter {
  readonly #options: FrameRouterOptions;
  /** Kept here, because the socket library does not tell of each one when it stops. */
  readonly #sessions = new Set<Session>();
  #opened = 0;
  #isClosing = false;

  constructor(options: FrameRouterOptions) {
    this.#options = options;
  }

  get sessions(): ReadonlySet<Session> {
    return this.#sessions;
  }

  open(wire: Wire, peer: Peer, of: Session['of'] = 'socket'): Session {
    const { gatewayId, clock, newcomers, writer } = this.#options;
    this.#opened += 1;
    const id = `${gatewayId}-${this.#opened}`;
    const session = newSession({ id, wire, of, peer, nowMs: clock.monotonicMs() });
    this.#sessions.add(session);
    if (this.#isClosing) writer.goodbye(session, 'going_away');
    else if (of === 'socket') newcomers.add(session);
    return session;
  }

  /** From now on whoever comes is sent elsewhere, also over a connection that was open for requests. */
  refuseNewcomers(): void {
    this.#isClosing = true;
  }

  /**
   * Whether a frame of so many bytes is read at all; where it is not, the client has been told. The socket
   * asks before it makes a text of the bytes, because a flood costs most where it is read.
   */
  admits(session: Session, bytes: number): boolean {
    if (session.state.at === 'closed') return false;
    const { limits, meters, writer, intake } = this.#options;
    meters.framesIn.inc();
    const waitMs = intake.frame(session, bytes);
    if (waitMs > 0) {
      this.#leaveUnread(session, waitMs);
      return false;
    }
    if (bytes <= limits.frameBytesMax) return true;
    const reason = `Cannot accept a frame of ${bytes} bytes: frameBytesMax is ${limits.frameBytesMax}`;
    writer.fault(session, 'frame_too_big', { reason });
    return false;
  }

  /** One frame as it came from the socket, once `admits` let it pass. */
  take(session: Session, sent: string | Uint8Array): void {
    const decoded = decodeUp(sent, session.wire.format);
    if (decoded.ok) this.#frame(session, decoded.frame);
    else this.#options.writer.fault(session, 'bad_frame', { reason: decoded.reason });
  }

  /** The session is over: nobody knows it any more, and its owner hears of it. */
  forget(session: Session): void {
    const { newcomers, attach, rooms, controls } = this.#options;
    this.#sessions.delete(session);
    newcomers.delete(session);
    attach.forget(session);
    const member = memberOf(session);
    if (member === undefined) return;
    const { room } = member;
    rooms.leave(room, session);
    const { creatorId, userId, partition } = room;
    controls.add(partition, { kind: 'detach', creatorId, userId, sockets: socketsOf(room) });
  }

  /** A stranger is not waited for; a member is told how long, and is cut off when it goes on. */
  #leaveUnread(session: Session, waitMs: number): void {
    const { writer, meters } = this.#options;
    meters.framesUnread.inc();
    if (memberOf(session) !== undefined) writer.faultUnread(session, waitMs);
    else if (waitMs === Number.POSITIVE_INFINITY) writer.cut(session, 'hello_expected');
    else writer.goodbye(session, 'unavailable', waitMs);
  }

  #frame(session: Session, frame: UpFrame): void {
    const { hello, writer } = this.#options;
    const { state } = session;
    switch (state.at) {
      case 'new':
        if (frame.kind === 'hello') hello.take(session, frame);
        else writer.goodbye(session, 'hello_expected');
        return;
      case 'verifying':
      case 'attaching':
        this.#early(session, frame);
        return;
      case 'catching_up':
      case 'live':
        if (may(state.member.role, 'talk') || frame.kind === 'hello') this.#open(session, state, frame);
        else this.#forbid(session, frame);
        return;
      default:
        return;
    }
  }

  /** Before the welcome a client cannot know where its numbering stands. */
  #early(session: Session, frame: UpFrame): void {
    const { receipts, writer } = this.#options;
    if (frame.kind === 'hello') writer.fault(session, 'hello_again');
    else if (frame.kind === 'say') receipts.reject(session, frame, { code: 'busy', retryAfterMs: notYetMs });
    else {
      const reason = 'Cannot take the frame before welcome';
      writer.fault(session, 'busy', { reason, retryAfterMs: notYetMs });
    }
  }

  /** The role of this token may do other things here, but not talk. */
  #forbid(session: Session, frame: UpFrame): void {
    const { receipts, writer } = this.#options;
    if (frame.kind === 'say') receipts.reject(session, frame, { code: 'forbidden' });
    else writer.fault(session, 'forbidden');
  }

  #open(session: Session, { member, sentSeq }: { member: Member; sentSeq: number }, frame: UpFrame): void {
    const { submissions, pages, signals, writer } = this.#options;
    switch (frame.kind) {
      case 'say':
        submissions.take(session, member, frame);
        return;
      case 'typing':
        signals.typing(session, member, frame.on);
        return;
      case 'read':
        signals.read(member, { seq: frame.seq, sentSeq });
        return;
      case 'stop':
        signals.stop(member, frame.turnId);
        return;
      case 'page':
        pages.take(session, member, frame);
        return;
      case 'hello':
        writer.fault(session, 'hello_again');
        return;
      default:
        frame satisfies never;
    }
  }
}
