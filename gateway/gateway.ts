import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { MessageStore } from '@rapport/history/history.ts';
import { type CloseCode, codes } from '@rapport/proto/codes.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Inbox } from '@rapport/stream/inbox.ts';
import type { Lanes } from '@rapport/stream/lanes.ts';
import type { Owners } from '@rapport/stream/owners.ts';
import { Attach } from './attach.ts';
import { CatchUp } from './catch-up.ts';
import { Controls } from './controls.ts';
import { Conversations } from './conversations.ts';
import { Hello } from './hello.ts';
import { Inbound } from './inbound.ts';
import type { PersonLimits } from './limits.ts';
import { MemoryLimits } from './limits-memory.ts';
import type { Meters } from './meters.ts';
import { Outbound } from './outbound.ts';
import { OwnerWatch } from './owner-watch.ts';
import { Pages } from './pages.ts';
import { Reader } from './reader.ts';
import { SayRequests } from './say-request.ts';
import { Says } from './says.ts';
import { Signals } from './signals.ts';
import type { Tokens } from './tokens.ts';
import { Up } from './up.ts';
import { Writer } from './writer.ts';

export interface GatewayOptions {
  readonly gatewayId: string;
  readonly limits: Limits;
  /** Left out, this gateway counts for itself. */
  readonly personLimits?: PersonLimits;
  readonly acceptedAfterMs: number;
  readonly inbox: Pick<Inbox, 'append' | 'partitions'>;
  readonly lanes: Pick<Lanes, 'toOwner' | 'onDeliveries'>;
  readonly owners: Pick<Owners, 'watch'>;
  readonly history: Pick<MessageStore, 'page'>;
  readonly catalog: Pick<Catalog, 'creator'>;
  readonly tokens: Pick<Tokens, 'verify'>;
  readonly clock: Clock;
  readonly meters: Meters;
  readonly log: Log;
}

/** One sweep does what timers of each session would: deadlines, repetitions, late receipts. */
const sweepMs = 50;
/** How many sockets may come back to the other gateways in a millisecond. */
const returnsPerMs = 20;
/** After the last client was told to go, this long is left for it to do so. */
const leaveWithinMs = 500;

/** The parts of a gateway, put together; `socket.ts` and `http.ts` talk to it. */
export class Gateway {
  readonly up: Up;
  readonly writer: Writer;
  readonly reader: Reader;
  readonly sayRequests: SayRequests;
  readonly conversations: Conversations;
  readonly #inbound: Inbound;
  readonly #controls: Controls;
  readonly #owners: OwnerWatch;
  readonly #outbound: Outbound;
  readonly #sweep: (nowMs: number) => void;
  readonly #options: GatewayOptions;
  #ends: (() => void)[] = [];

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { gatewayId, lanes, inbox, history, personLimits = new MemoryLimits(options) } = options;
    personLimits.start((session) => this.writer.goodbye(session, 'replaced'));
    const conversations = new Conversations(inbox.partitions, personLimits);
    const controls = new Controls(gatewayId, lanes);
    const reader = new Reader(history);
    const writer = new Writer({ ...options, onClosed: (session) => this.up.forget(session) });
    const inbound = new Inbound(options);
    const says = new Says({ ...options, personLimits, inbound, writer });
    const catchUp = new CatchUp({ ...options, reader, writer });
    const attach = new Attach({ ...options, controls, conversations, catchUp, says, writer });
    const hello = new Hello({ ...options, conversations, attach, writer });
    const pages = new Pages({ ...options, reader, writer });
    const signals = new Signals({ controls, inbound });
    const owners = new OwnerWatch({ ...options, attach, conversations });
    this.up = new Up({ ...options, hello, attach, says, pages, signals, conversations, controls, writer });
    this.writer = writer;
    this.reader = reader;
    this.conversations = conversations;
    this.sayRequests = new SayRequests({ ...options, up: this.up, hello, says, writer, conversations });
    this.#inbound = inbound;
    this.#controls = controls;
    this.#owners = owners;
    this.#outbound = new Outbound({
      ...options,
      conversations,
      owners,
      attach,
      catchUp,
      says,
      writer,
      controls,
    });
    this.#sweep = (nowMs) => {
      for (const part of [hello, attach, says, writer, owners, personLimits]) part.tick(nowMs);
      signals.tick();
    };
  }

  /** Listens to owners and begins to sweep; resolves when it knows who owns what. */
  async start(): Promise<void> {
    const { lanes, owners, clock, gatewayId } = this.#options;
    this.#ends.push(lanes.onDeliveries(gatewayId, (deliveries) => this.#outbound.take(deliveries)));
    this.#ends.push(await owners.watch((owner) => this.#owners.owner(owner)));
    this.#ends.push(clock.every(sweepMs, () => this.#sweep(clock.monotonicMs())));
  }

  /** Throws when the log refuses what people say: for readiness. */
  ping(): void {
    const { refusal } = this.#inbound;
    if (refusal !== undefined) throw new Error(refusal);
  }

  /**
   * Tells every client to go elsewhere, spread so that the others are not overrun, leaves them the time to do
   * so, and waits for what is on its way into the log.
   */
  async stop(drainMs: number): Promise<void> {
    const { clock } = this.#options;
    const sessions = [...this.up.sessions];
    const spreadMs = Math.min(drainMs, Math.ceil(sessions.length / returnsPerMs));
    for (const session of sessions) {
      this.writer.announce(session, 'going_away', Math.floor(Math.random() * spreadMs));
    }
    const deadlineMs = clock.monotonicMs() + spreadMs + leaveWithinMs;
    while (this.up.sessions.size > 0 && clock.monotonicMs() < deadlineMs) await clock.sleep(sweepMs);
    await this.#inbound.drain();
    for (const session of [...this.up.sessions]) this.#end(session, 'going_away');
    this.#controls.flush();
    for (const end of this.#ends) end();
  }

  #end(session: Parameters<Writer['closed']>[0], code: CloseCode): void {
    this.writer.closed(session);
    session.wire.end(codes[code].close, code);
  }
}
