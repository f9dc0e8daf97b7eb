import type { Catalog } from '@rapport/catalog/catalog.ts';
import { uuidPattern } from '@rapport/proto/identity.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Intake } from '../limits/intake.ts';
import type { Attach } from '../outgoing/attach.ts';
import type { Rooms } from '../sockets/rooms.ts';
import type { Member, Position, Session } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';
import { refusalOf } from '../tokens/origin.ts';
import type { Tokens, VerifiedIdentity } from '../tokens/tokens.ts';
import type { Newcomers } from './newcomers.ts';
import type { UpFrame } from './up-frame.ts';

export interface HelloOptions {
  readonly limits: Limits;
  readonly intake: Intake;
  readonly newcomers: Newcomers;
  readonly tokens: Pick<Tokens, 'verify'>;
  readonly catalog: Pick<Catalog, 'creator'>;
  readonly rooms: Rooms;
  readonly attach: Pick<Attach, 'ask'>;
  readonly writer: Writer;
  readonly clock: Clock;
}

type HelloFrame = UpFrame & { readonly kind: 'hello' };

/** The first frame: its token is checked every time, and then the session is let into its room. */
export class Hello {
  readonly #options: HelloOptions;

  constructor(options: HelloOptions) {
    this.#options = options;
  }

  take(session: Session, hello: HelloFrame): void {
    if (!uuidPattern.test(hello.deviceId)) {
      this.#options.writer.fault(session, 'bad_frame', {
        reason: 'Cannot take the hello: deviceId should be a UUID',
      });
      return;
    }
    session.state = { at: 'verifying' };
    void this.#verify(session, hello); // verify() gives a verdict, whatever the token is.
  }

  /** Lets a session in whose token was accepted, and asks the owner for its position. */
  enter(
    session: Session,
    identity: VerifiedIdentity,
    position: Position & { readonly deviceId: string },
  ): Member {
    const { rooms, attach, clock, catalog } = this.#options;
    const { afterSeq, tail } = position;
    const member: Member = {
      room: rooms.join(identity, session),
      deviceId: position.deviceId.toLowerCase(),
      role: identity.role,
      expiresAtMs: identity.expiresAtMs,
      creator: catalog.creator(identity.creatorId),
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

  async #verify(session: Session, hello: HelloFrame): Promise<void> {
    const { tokens, catalog, writer, newcomers, intake } = this.#options;
    const verdict = await tokens.verify(hello.token);
    if (session.state.at !== 'verifying') return;
    if (!verdict.ok) {
      writer.goodbye(session, verdict.code);
      return;
    }
    const { identity } = verdict;
    const refusal = refusalOf(catalog.creator(identity.creatorId)?.creator, identity.role, session.peer);
    if (refusal !== undefined) {
      writer.goodbye(session, refusal);
      return;
    }
    const waitMs = intake.hello(session, identity);
    if (waitMs > 0) {
      writer.goodbye(session, 'unavailable', waitMs);
      return;
    }
    newcomers.delete(session);
    this.enter(session, identity, hello);
  }

  #replaceOldest({ room }: Member): void {
    const sockets = room.sessions.filter((session) => session.of === 'socket');
    const oldest = sockets[0];
    if (oldest === undefined || sockets.length <= this.#options.limits.socketsPerPersonMax) return;
    this.#options.writer.goodbye(oldest, 'replaced');
  }
}
