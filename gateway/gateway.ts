import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { MessageStore } from '@rapport/history/history.ts';
import { type CloseCode, codes } from '@rapport/proto/codes.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Inbox } from '@rapport/stream/inbox.ts';
import type { Lanes } from '@rapport/stream/lanes.ts';
import type { Owners } from '@rapport/stream/owners.ts';
import { SayRequests } from './http/say-request.ts';
import { Controls } from './incoming/controls.ts';
import { FrameRouter } from './incoming/frame-router.ts';
import { Hello } from './incoming/hello.ts';
import { Inbound } from './incoming/inbound.ts';
import { Pages } from './incoming/pages.ts';
import { Signals } from './incoming/signals.ts';
import { Submissions } from './incoming/submissions.ts';
import type { PersonLimits } from './limits/limits.ts';
import { MemoryLimits } from './limits/limits-memory.ts';
import type { Meters } from './meters.ts';
import { Attach } from './outgoing/attach.ts';
import { CatchUp } from './outgoing/catch-up.ts';
import { HistoryReader } from './outgoing/history-reader.ts';
import { Outbound } from './outgoing/outbound.ts';
import { OwnerWatch } from './outgoing/owner-watch.ts';
import { Rooms } from './sockets/rooms.ts';
import { Writer } from './sockets/writer.ts';
import type { Tokens } from './tokens/tokens.ts';

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
  readonly frames: FrameRouter;
  readonly writer: Writer;
  readonly reader: HistoryReader;
  readonly sayRequests: SayRequests;
  readonly rooms: Rooms;
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
    const rooms = new Rooms(inbox.partitions, personLimits);
    const controls = new Controls(gatewayId, lanes);
    const reader = new HistoryReader(history);
    const writer = new Writer({ ...options, onClosed: (session) => this.frames.forget(session) });
    const inbound = new Inbound(options);
    const submissions = new Submissions({ ...options, personLimits, inbound, writer });
    const catchUp = new CatchUp({ ...options, reader, writer });
    const attach = new Attach({ ...options, controls, rooms, catchUp, submissions, writer });
    const hello = new Hello({ ...options, rooms, attach, writer });
    const pages = new Pages({ ...options, reader, writer });
    const signals = new Signals({ controls, inbound });
    const owners = new OwnerWatch({ ...options, attach, rooms });
    this.frames = new FrameRouter({
      ...options,
      hello,
      attach,
      submissions,
      pages,
      signals,
      rooms,
      controls,
      writer,
    });
    this.writer = writer;
    this.reader = reader;
    this.rooms = rooms;
    this.sayRequests = new SayRequests({
      ...options,
      frames: this.frames,
      hello,
      submissions,
      writer,
      rooms,
    });
    this.#inbound = inbound;
    this.#controls = controls;
    this.#owners = owners;
    this.#outbound = new Outbound({
      ...options,
      rooms,
      owners,
      attach,
      catchUp,
      submissions,
      writer,
      controls,
    });
    this.#sweep = (nowMs) => {
      for (const part of [hello, attach, submissions, writer, owners, personLimits]) part.tick(nowMs);
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
    const sessions = [...this.frames.sessions];
    const spreadMs = Math.min(drainMs, Math.ceil(sessions.length / returnsPerMs));
    for (const session of sessions) {
      this.writer.announce(session, 'going_away', Math.floor(Math.random() * spreadMs));
    }
    const deadlineMs = clock.monotonicMs() + spreadMs + leaveWithinMs;
    while (this.frames.sessions.size > 0 && clock.monotonicMs() < deadlineMs) await clock.sleep(sweepMs);
    await this.#inbound.drain();
    for (const session of [...this.frames.sessions]) this.#end(session, 'going_away');
    this.#controls.flush();
    for (const end of this.#ends) end();
  }

  #end(session: Parameters<Writer['closed']>[0], code: CloseCode): void {
    this.writer.closed(session);
    session.wire.end(codes[code].close, code);
  }
}
