import { type Code, isCode } from '@rapport/proto/codes.ts';
import type { DownJson, ReceiptJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { FrameRouter } from '../incoming/frame-router.ts';
import type { Hello } from '../incoming/hello.ts';
import type { Submissions } from '../incoming/submissions.ts';
import type { SayFrame } from '../incoming/up-frame.ts';
import type { SayName } from '../outgoing/receipts.ts';
import type { Rooms } from '../sockets/rooms.ts';
import { memberOf, type Session } from '../sockets/session.ts';
import type { Encoded, Sent, Wire } from '../sockets/wire.ts';
import type { Writer } from '../sockets/writer.ts';
import type { VerifiedIdentity } from '../tokens/tokens.ts';

/** After this a request is answered with what is known: accepted, or that the owner cannot be reached. */
const answerWithinMs = 3_000;
/** Everything there is counts as received: a request wants no history. */
const afterSeqAll = 2 ** 32 - 1;
/** The request was counted and checked before it came here. */
const noPeer = { origin: '', host: '', address: '' };

export type SayOutcome = ReceiptJson | { readonly refused: Code; readonly retryAfterMs?: number };

export interface SayRequestsOptions {
  readonly frames: FrameRouter;
  readonly hello: Hello;
  readonly submissions: Submissions;
  readonly writer: Writer;
  readonly rooms: Rooms;
  readonly limits: Limits;
  readonly clock: Clock;
}

/**
 * A say by HTTP: a session that lives for one receipt, so that everything a socket's say goes through holds
 * for it.
 */
export class SayRequests {
  readonly #options: SayRequestsOptions;

  constructor(options: SayRequestsOptions) {
    this.#options = options;
  }

  async say(
    identity: VerifiedIdentity,
    request: { readonly deviceId: string; readonly say: SayFrame; readonly signal: AbortSignal },
  ): Promise<SayOutcome> {
    const { frames, hello, submissions, writer, clock } = this.#options;
    if (this.#crowded(identity)) return { refused: 'too_many_in_flight', retryAfterMs: 1_000 };
    const { deviceId, say, signal } = request;
    const wire = new ReceiptWire(say, () => {
      const member = memberOf(session);
      if (member !== undefined) submissions.take(session, member, say);
    });
    const session: Session = frames.open(wire, noPeer, 'request');
    // A gateway that is ending closes the session at once.
    if (session.state.at === 'new') {
      hello.enter(session, identity, { deviceId, afterSeq: afterSeqAll, tail: 0 });
    }
    // The client may be gone earlier.
    const late = clock.sleep(answerWithinMs, signal).catch(() => undefined);
    await Promise.race([wire.final, late]);
    writer.closed(session);
    return wire.outcome ?? { refused: 'unavailable', retryAfterMs: 1_000 };
  }

  /** Requests of one person at once are limited as sockets are. */
  #crowded(identity: VerifiedIdentity): boolean {
    const { rooms, limits } = this.#options;
    const room = rooms.find(identity, rooms.partitionOf(identity));
    const requests = room?.sessions.filter((session) => session.of === 'request') ?? [];
    return requests.length >= limits.socketsPerPersonMax;
  }
}

/**
 * Takes frames as a socket would and keeps the receipt of one say. Every session of a device gets all
 * receipts of the device, so those of other says come by here too.
 */
class ReceiptWire implements Wire {
  readonly format = 'json';
  readonly final: Promise<void>;
  outcome: SayOutcome | undefined;
  readonly #clientSeq: number;
  readonly #id: string;
  readonly #welcomed: () => void;
  readonly #done: () => void;

  constructor({ clientSeq, id }: SayName, welcomed: () => void) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clientSeq = clientSeq;
    this.#id = id.toLowerCase();
    this.#welcomed = welcomed;
    this.final = promise;
    this.#done = resolve;
  }

  send(frame: Encoded): Sent {
    const down: DownJson = JSON.parse(String(frame)); // Our own frame, just encoded.
    if (down.welcome !== undefined) this.#welcomed();
    if (down.receipt !== undefined && this.#isOurs(down.receipt)) this.#take(down.receipt);
    const code = down.goodbye?.code ?? '';
    if (isCode(code)) this.#take({ refused: code });
    return 'sent';
  }

  cork(writes: () => void): void {
    writes();
  }

  unsentBytes(): number {
    return 0;
  }

  end(): void {
    this.#done();
  }

  cut(): void {
    this.#done();
  }

  #isOurs({ clientSeq, id }: ReceiptJson): boolean {
    return clientSeq === this.#clientSeq && id === this.#id;
  }

  #take(outcome: SayOutcome): void {
    this.outcome = outcome;
    if ('refused' in outcome || outcome.state !== 'ACCEPTED') this.#done();
  }
}
