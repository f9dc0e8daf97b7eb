import { codes } from '@rapport/proto/codes.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Attach } from './attach.ts';
import type { Controls } from './controls.ts';
import { type Conversations, socketsOf } from './conversations.ts';
import { decodeUp, type UpFrame } from './frame.ts';
import type { Hello } from './hello.ts';
import type { Meters } from './meters.ts';
import type { Source } from './origin.ts';
import type { Pages } from './pages.ts';
import type { Says } from './says.ts';
import { type Member, memberOf, newSession, type Session } from './session.ts';
import type { Signals } from './signals.ts';
import type { Wire } from './wire.ts';
import type { Writer } from './writer.ts';

export interface UpOptions {
  readonly gatewayId: string;
  readonly limits: Limits;
  readonly hello: Hello;
  readonly attach: Attach;
  readonly says: Says;
  readonly pages: Pages;
  readonly signals: Signals;
  readonly conversations: Conversations;
  readonly controls: Controls;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly meters: Meters;
}

/** A moment after which a frame that came before the welcome may be sent again. */
const notYetMs = 500;

/** Every session's way in: it opens, its frames go where they belong, it closes. */
export class Up {
  readonly #options: UpOptions;
  /** Kept here, because the socket library does not tell of each one when it stops. */
  readonly #sessions = new Set<Session>();
  #opened = 0;

  constructor(options: UpOptions) {
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
    const { hello, attach, conversations, controls } = this.#options;
    this.#sessions.delete(session);
    hello.forget(session);
    attach.forget(session);
    const member = memberOf(session);
    if (member === undefined) return;
    const { conversation } = member;
    conversations.leave(conversation, session);
    const { creatorId, userId, partition } = conversation;
    controls.add(partition, { kind: 'detach', creatorId, userId, sockets: socketsOf(conversation) });
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
    const { says, writer } = this.#options;
    if (frame.kind === 'hello') writer.fault(session, 'hello_again');
    else if (frame.kind === 'say') {
      says.reject(session, frame, { code: 'busy', reason: codes.busy.sentence, retryAfterMs: notYetMs });
    } else
      writer.fault(session, 'busy', {
        reason: 'Cannot take the frame before welcome',
        retryAfterMs: notYetMs,
      });
  }

  #open(session: Session, { member, sentSeq }: { member: Member; sentSeq: number }, frame: UpFrame): void {
    const { says, pages, signals, writer } = this.#options;
    switch (frame.kind) {
      case 'say':
        says.take(session, member, frame);
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
