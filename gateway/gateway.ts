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
import { FrameRouter } from './incoming/frame-router.ts';
import { Hello } from './incoming/hello.ts';
import { Inbound } from './incoming/inbound.ts';
import { Newcomers } from './incoming/newcomers.ts';
import { Pages } from './incoming/pages.ts';
import { Signals } from './incoming/signals.ts';
import { Standing } from './incoming/standing.ts';
import { Submissions } from './incoming/submissions.ts';
import { Intake } from './limits/intake.ts';
import type { PersonLimits } from './limits/limits.ts';
import { MemoryLimits } from './limits/limits-memory.ts';
import type { Meters } from './meters.ts';
import { Attach } from './outgoing/attach.ts';
import { CatchUp } from './outgoing/catch-up.ts';
import { Controls } from './outgoing/controls.ts';
import { HistoryReader } from './outgoing/history-reader.ts';
import { Outbound } from './outgoing/outbound.ts';
import { OwnerWatch } from './outgoing/owner-watch.ts';
import { Receipts } from './outgoing/receipts.ts';
import { Rooms } from './sockets/rooms.ts';
import type { Session } from './sockets/session.ts';
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
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly meters: Meters;
  readonly log: Log;
}

/** One sweep takes the place of timers for each session: deadlines, repetitions, late receipts. */
const sweepMs = 50;
/** Sockets that are sent to the other gateways in a millisecond, at most. */
const returnsPerMs = 20;
/** A client has this long to leave after the last one was told to. */
const leaveWithinMs = 500;
/**
 * The log gives an append up within 6 s; what is on its way after this is lost to its client until it asks.
 */
const drainWithinMs = 7_000;

/** The longest that `Gateway.stop` takes, for whoever ends a process that hangs. */
export function stopWithinMs(drainMs: number): number {
  return drainMs + leaveWithinMs + drainWithinMs;
}

/** The parts of a gateway, put together; `sockets/socket.ts` and `http/http.ts` talk to it. */
export class Gateway {
  readonly frames: FrameRouter;
  readonly writer: Writer;
  readonly reader: HistoryReader;
  readonly intake: Intake;
  readonly sayRequests: SayRequests;
  readonly rooms: Rooms;
  readonly #inbound: Inbound;
  readonly #signals: Signals;
  readonly #controls: Controls;
  readonly #owners: OwnerWatch;
  readonly #outbound: Outbound;
  readonly #sweep: (nowMs: number) => void;
  readonly #options: GatewayOptions;
  #ends: (() => void)[] = [];
  #stopping = false;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { inbox, personLimits = new MemoryLimits(options) } = options;
    personLimits.start((session) => this.writer.goodbye(session, 'replaced'));
    const intake = new Intake(options);
    const rooms = new Rooms(inbox.partitions, personLimits);
    const controls = new Controls(options);
    const reader = new HistoryReader(options);
    const writer = new Writer({ ...options, onClosed: (session) => this.frames.forget(session) });
    const ground = { ...options, personLimits, intake, rooms, controls, reader, writer };
    const inbound = new Inbound(options);
    const receipts = new Receipts(ground);
    const submissions = new Submissions({ ...ground, inbound, receipts });
    const catchUp = new CatchUp(ground);
    const attach = new Attach({ ...ground, catchUp, receipts });
    const newcomers = new Newcomers(ground);
    const hello = new Hello({ ...ground, attach, newcomers });
    const pages = new Pages(ground);
    const signals = new Signals({ controls, inbound });
    const owners = new OwnerWatch({ ...ground, attach });
    const ways = { hello, newcomers, attach, submissions, receipts, pages, signals };
    const frames = new FrameRouter({ ...ground, ...ways });
    const standing = new Standing({ ...ground, sessions: frames.sessions });
    this.frames = frames;
    this.writer = writer;
    this.reader = reader;
    this.intake = intake;
    this.rooms = rooms;
    this.sayRequests = new SayRequests({ ...ground, frames, hello, submissions });
    this.#inbound = inbound;
    this.#signals = signals;
    this.#controls = controls;
    this.#owners = owners;
    this.#outbound = new Outbound({ ...ground, owners, attach, catchUp, receipts });
    const swept = [newcomers, attach, receipts, writer, owners, personLimits, intake, standing, signals];
    this.#sweep = (nowMs) => {
      for (const part of swept) part.tick(nowMs);
    };
  }

  /** Partitions whose newest append was given up: their people are told `busy`, the others go on. */
  get refusingPartitions(): number {
    return this.#inbound.refusingPartitions;
  }

  /** Listens to owners and begins to sweep; resolves when it knows who owns what. */
  async start(): Promise<void> {
    const { lanes, owners, clock, gatewayId } = this.#options;
    this.#ends.push(lanes.onDeliveries(gatewayId, (deliveries) => this.#outbound.take(deliveries)));
    this.#ends.push(await owners.watch((owner) => this.#owners.owner(owner)));
    this.#ends.push(clock.every(sweepMs, () => this.#sweep(clock.monotonicMs())));
  }

  /**
   * For readiness: throws when this gateway ends, or has appended nothing for a minute in which people
   * talked. A single partition that refuses does not count, because every gateway meets the same log: they
   * would all leave the balancer together, and then nobody could read either.
   */
  ping(): void {
    if (this.#stopping) throw new Error('the gateway is ending');
    const { refusal } = this.#inbound;
    if (refusal !== undefined) throw new Error(refusal);
  }

  /**
   * Tells every client to go elsewhere, spread so that the others are not overrun, and leaves them the time
   * to do so. Then ends those that stayed, and only then waits for what is on its way into the log, because
   * clients that go on talking would keep it from coming to an end.
   */
  async stop(drainMs: number): Promise<void> {
    const { clock } = this.#options;
    this.#stopping = true;
    this.frames.refuseNewcomers();
    await this.#sendAway(drainMs);
    for (const session of [...this.frames.sessions]) this.#end(session, 'going_away');
    this.#signals.tick();
    await Promise.race([this.#inbound.drain(), clock.sleep(drainWithinMs)]);
    this.#controls.flush();
    for (const end of this.#ends) end();
  }

  async #sendAway(drainMs: number): Promise<void> {
    const { clock, random } = this.#options;
    const sessions = [...this.frames.sessions];
    const spreadMs = Math.min(drainMs, Math.ceil(sessions.length / returnsPerMs));
    for (const session of sessions) {
      this.writer.announce(session, 'going_away', Math.floor(random() * spreadMs));
    }
    const deadlineMs = clock.monotonicMs() + spreadMs + leaveWithinMs;
    while (this.frames.sessions.size > 0 && clock.monotonicMs() < deadlineMs) await clock.sleep(sweepMs);
  }

  #end(session: Session, code: CloseCode): void {
    this.writer.closed(session);
    session.wire.end(codes[code].close, code);
  }
}
