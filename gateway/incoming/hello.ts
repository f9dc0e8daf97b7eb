import type { Catalog } from '@rapport/catalog/catalog.ts';
import { uuidPattern } from '@rapport/proto/identity.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Attach } from '../outgoing/attach.ts';
import type { Rooms } from '../sockets/rooms.ts';
import type { Member, Position, Session } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';
import { refusalOf, type Source } from '../tokens/origin.ts';
import type { Identity, Tokens } from '../tokens/tokens.ts';
import type { UpFrame } from './frame.ts';

export interface HelloOptions {
  readonly limits: Limits;
  readonly tokens: Pick<Tokens, 'verify'>;
  readonly catalog: Pick<Catalog, 'creator'>;
  readonly rooms: Rooms;
  readonly attach: Pick<Attach, 'ask'>;
  readonly writer: Writer;
  readonly clock: Clock;
}

/** The first frame: checks who it is, every time, and lets the session into its conversation. */
export class Hello {
  readonly #options: HelloOptions;
  /** Sessions whose hello is awaited, the oldest first. */
  readonly #awaited = new Set<Session>();

  constructor(options: HelloOptions) {
    this.#options = options;
  }

  await(session: Session): void {
    this.#awaited.add(session);
  }

  forget(session: Session): void {
    this.#awaited.delete(session);
  }

  take(session: Session, hello: UpFrame & { readonly kind: 'hello' }, source: Source): void {
    if (!uuidPattern.test(hello.deviceId)) {
      this.#options.writer.fault(session, 'bad_frame', {
        reason: 'Cannot take the hello: deviceId should be a UUID',
      });
      return;
    }
    this.#awaited.delete(session);
    session.state = { at: 'verifying' };
    void this.#verify(session, hello, source); // verify() gives a verdict, whatever the token is.
  }

  /** Lets a session in whose token was accepted, and asks the owner for its position. */
  enter(session: Session, identity: Identity, position: Position & { readonly deviceId: string }): Member {
    const { rooms, attach, clock } = this.#options;
    const { deviceId, afterSeq, tail } = position;
    const member: Member = {
      room: rooms.join(identity, session),
      deviceId,
      role: identity.role,
      says: [],
      appending: 0,
      askAgainAtMs: 0,
      paging: false,
    };
    session.state = { at: 'attaching', member, sinceMs: clock.monotonicMs(), from: { afterSeq, tail } };
    attach.ask(session, member);
    this.#replaceOldest(member);
    return member;
  }

  tick(nowMs: number): void {
    for (const session of this.#awaited) {
      const { state } = session;
      if (state.at === 'new' && nowMs - state.sinceMs < this.#options.limits.helloWithinMs) return;
      this.#awaited.delete(session);
      this.#options.writer.goodbye(session, 'hello_timeout');
    }
  }

  async #verify(
    session: Session,
    hello: UpFrame & { readonly kind: 'hello' },
    source: Source,
  ): Promise<void> {
    const { tokens, catalog, writer } = this.#options;
    const verdict = await tokens.verify(hello.token);
    if (session.state.at !== 'verifying') return;
    if (!verdict.ok) {
      writer.goodbye(session, verdict.code);
      return;
    }
    const { creatorId, role } = verdict.identity;
    const refusal = refusalOf(catalog.creator(creatorId)?.creator, role, source);
    if (refusal === undefined) this.enter(session, verdict.identity, hello);
    else writer.goodbye(session, refusal);
  }

  #replaceOldest({ room }: Member): void {
    const sockets = room.sessions.filter((session) => session.of === 'socket');
    const oldest = sockets[0];
    if (oldest === undefined || sockets.length <= this.#options.limits.socketsPerPersonMax) return;
    this.#options.writer.goodbye(oldest, 'replaced');
  }
}
