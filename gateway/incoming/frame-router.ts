import { codes } from '@rapport/proto/codes.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Meters } from '../meters.ts';
import type { Attach } from '../outgoing/attach.ts';
import { type Rooms, socketsOf } from '../sockets/rooms.ts';
import { type Member, memberOf, newSession, type Session } from '../sockets/session.ts';
import type { Wire } from '../sockets/wire.ts';
import type { Writer } from '../sockets/writer.ts';
import type { Source } from '../tokens/origin.ts';
import type { Controls } from './controls.ts';
import { decodeUp, type UpFrame } from './frame.ts';
import type { Hello } from './hello.ts';
import type { Pages } from './pages.ts';
import type { Signals } from './signals.ts';
import type { Submissions } from './submissions.ts';

export interface FrameRouterOptions {
  readonly gatewayId: string;
  readonly limits: Limits;
  readonly hello: Hello;
  readonly attach: Attach;
  readonly submissions: Submissions;
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

/** Every session's way in: it opens, its frames go where they belong, it closes. */
export class FrameRouter {
  readonly #options: FrameRouterOptions;
  /** Kept here, because the socket library does not tell of each one when it stops. */
  readonly #sessions = new Set<Session>();
  #opened = 0;

  constructor(options: FrameRouterOptions) {
    this.#options = options;
  }

  get sessions(): ReadonlySet<Session> {
    return this.#sessions;
  }

  open(wire: Wire, source: Source, of: Session['of'] = 'socket'): Session {
    const { gatewayId, clock, hello } = this.#options;
    this.#opened += 1;
    const id = `${gatewayId}-${this.#opened}`;
    const session = newSession({ id, wire, of, ...source, nowMs: clock.monotonicMs() });
    this.#sessions.add(session);
    if (of === 'socket') hello.await(session);
    return session;
  }

  /** One frame as it came from the socket. */
  take(session: Session, sent: string | Uint8Array): void {
    if (session.state.at === 'closed') return;
    const { limits, meters, writer } = this.#options;
    meters.framesIn.inc();
    const bytes = typeof sent === 'string' ? Buffer.byteLength(sent) : sent.byteLength;
    if (bytes > limits.frameBytesMax) {
      const reason = `Cannot accept a frame of ${bytes} bytes: frameBytesMax is ${limits.frameBytesMax}`;
      writer.fault(session, 'frame_too_big', { reason });
      return;
    }
    const decoded = decodeUp(sent, session.wire.format);
    if (decoded.ok) this.#frame(session, decoded.frame);
    else writer.fault(session, 'bad_frame', { reason: decoded.reason });
  }

  /** The session is over: nobody knows it any more, and its owner hears of it. */
  forget(session: Session): void {
    const { hello, attach, rooms, controls } = this.#options;
    this.#sessions.delete(session);
    hello.forget(session);
    attach.forget(session);
    const member = memberOf(session);
    if (member === undefined) return;
    const { room } = member;
    rooms.leave(room, session);
    const { creatorId, userId, partition } = room;
    controls.add(partition, { kind: 'detach', creatorId, userId, sockets: socketsOf(room) });
  }

  #frame(session: Session, frame: UpFrame): void {
    const { hello, writer } = this.#options;
    const { state } = session;
    switch (state.at) {
      case 'new':
        if (frame.kind === 'hello') hello.take(session, frame, state);
        else writer.goodbye(session, 'hello_expected');
        return;
      case 'verifying':
      case 'attaching':
        this.#early(session, frame);
        return;
      case 'catching_up':
      case 'live':
        this.#open(session, state, frame);
        return;
      default:
        return;
    }
  }

  /** Before the welcome a client cannot know where its numbering stands. */
  #early(session: Session, frame: UpFrame): void {
    const { submissions, writer } = this.#options;
    if (frame.kind === 'hello') writer.fault(session, 'hello_again');
    else if (frame.kind === 'say') {
      submissions.reject(session, frame, {
        code: 'busy',
        reason: codes.busy.sentence,
        retryAfterMs: notYetMs,
      });
    } else
      writer.fault(session, 'busy', {
        reason: 'Cannot take the frame before welcome',
        retryAfterMs: notYetMs,
      });
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
