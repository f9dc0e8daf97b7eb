import { type Code, isCode } from '@rapport/proto/codes.ts';
import type { DownJson, ReceiptJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Conversations } from './conversations.ts';
import type { SayFrame } from './frame.ts';
import type { Hello } from './hello.ts';
import type { Says } from './says.ts';
import { memberOf, type Session } from './session.ts';
import type { Identity } from './tokens.ts';
import type { Up } from './up.ts';
import type { Encoded, Sent, Wire } from './wire.ts';
import type { Writer } from './writer.ts';

/** After this a request is answered with what is known: accepted, or that the owner cannot be reached. */
const answerWithinMs = 3_000;
/** Everything there is counts as received: a request wants no history. */
const afterSeqAll = 2 ** 32 - 1;

export type SayOutcome = ReceiptJson | { readonly refused: Code; readonly retryAfterMs?: number };

export interface SayRequestsOptions {
  readonly up: Up;
  readonly hello: Hello;
  readonly says: Says;
  readonly writer: Writer;
  readonly conversations: Conversations;
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
    identity: Identity,
    request: { readonly deviceId: string; readonly say: SayFrame; readonly signal: AbortSignal },
  ): Promise<SayOutcome> {
    const { up, hello, says, writer, clock } = this.#options;
    if (this.#crowded(identity)) return { refused: 'too_many_in_flight', retryAfterMs: 1_000 };
    const { deviceId, say, signal } = request;
    const wire = new ReceiptWire(() => {
      const member = memberOf(session);
      if (member !== undefined) says.take(session, member, say);
    });
    const session: Session = up.open(wire, { origin: '', host: '' }, 'request');
    hello.enter(session, identity, { deviceId, afterSeq: afterSeqAll, tail: 0 });
    // The client may be gone earlier.
    const late = clock.sleep(answerWithinMs, signal).catch(() => undefined);
    await Promise.race([wire.final, late]);
    writer.closed(session);
    return wire.outcome ?? { refused: 'unavailable', retryAfterMs: 1_000 };
  }

  /** Requests of one person at once are limited as sockets are. */
  #crowded(identity: Identity): boolean {
    const { conversations, limits } = this.#options;
    const conversation = conversations.find(identity, conversations.partitionOf(identity));
    const requests = conversation?.sessions.filter((session) => session.of === 'request') ?? [];
    return requests.length >= limits.socketsPerPersonMax;
  }
}

/** Takes frames as a socket would and keeps the receipt. */
class ReceiptWire implements Wire {
  readonly format = 'json';
  readonly final: Promise<void>;
  outcome: SayOutcome | undefined;
  readonly #welcomed: () => void;
  readonly #done: () => void;

  constructor(welcomed: () => void) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#welcomed = welcomed;
    this.final = promise;
    this.#done = resolve;
  }

  send(frame: Encoded): Sent {
    const down: DownJson = JSON.parse(String(frame)); // Our own frame, just encoded.
    if (down.welcome !== undefined) this.#welcomed();
    if (down.receipt !== undefined) this.#take(down.receipt);
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

  #take(outcome: SayOutcome): void {
    this.outcome = outcome;
    if ('refused' in outcome || outcome.state !== 'ACCEPTED') this.#done();
  }
}
