// Hop 10 of 12: gateway/outgoing/outbound - one NATS message per gateway and turn carries many deliveries.
import type { Deliveries, Delivery, Push } from '@rapport/proto/delivery.ts';
import type { DownJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Meters } from '../meters.ts';
import { SharedFrame } from '../sockets/down-frame.ts';
import type { Rooms } from '../sockets/rooms.ts';
import { memberOf, type Room, type Session } from '../sockets/session.ts';
import type { Writer } from '../sockets/writer.ts';
import type { Attach } from './attach.ts';
import type { CatchUp } from './catch-up.ts';
import type { Controls } from './controls.ts';
import type { OwnerWatch } from './owner-watch.ts';
import type { Receipts } from './receipts.ts';

export interface OutboundOptions {
  readonly rooms: Rooms;
  readonly owners: OwnerWatch;
  readonly attach: Attach;
  readonly catchUp: CatchUp;
  readonly receipts: Receipts;
  readonly writer: Writer;
  readonly controls: Controls;
  readonly meters: Meters;
}

type PushOf<To extends Push['to']> = Extract<Push, { readonly to: To }>;

/** A push whose frames are encoded once, however many sessions get them. */
type Routed =
  | { readonly push: PushOf<'session'> }
  | RoutedSay
  | { readonly push: PushOf<'all' | 'device' | 'others'>; readonly shared: SharedFrame };

interface RoutedSay {
  readonly push: PushOf<'stored'>;
  readonly receipt: SharedFrame;
  readonly message: SharedFrame;
}

/** Hands the owners' deliveries to their sessions. */
export class Outbound {
  readonly #options: OutboundOptions;

  constructor(options: OutboundOptions) {
    this.#options = options;
  }

  take(deliveries: Deliveries): void {
    const { owners, meters } = this.#options;
    owners.heard(deliveries);
    let stored = 0;
    for (const delivery of deliveries.deliveries) {
      const count = delivery.pushes.reduce((sum, push) => (push.to === 'stored' ? sum + 1 : sum), 0);
      this.#deliver(delivery, deliveries.messages.slice(stored, stored + count));
      stored += count;
    }
    meters.deliveries.inc(deliveries.deliveries.length);
  }

  #deliver(delivery: Delivery, messages: readonly string[]): void {
    const { rooms, owners, controls } = this.#options;
    const { creatorId, userId, epoch } = delivery;
    const partition = rooms.partitionOf(delivery);
    if (!owners.isCurrent(partition, epoch)) return;
    const room = rooms.find(delivery, partition);
    if (room === undefined) {
      controls.add(partition, { kind: 'detach', creatorId, userId, sockets: 0 });
      return;
    }
    const routed = encodeOnce(room, delivery.pushes, messages);
    // A copy, because a session may be closed in the loop.
    for (const session of [...room.sessions]) {
      session.wire.cork(() => {
        for (const one of routed) this.#route(session, one);
      });
    }
  }

  #route(session: Session, routed: Routed): void {
    if ('receipt' in routed) {
      this.#stored(session, routed);
      return;
    }
    if (!('shared' in routed)) {
      const { sessionId, attached } = routed.push;
      if (sessionId === session.id) this.#options.attach.attached(session, attached);
      return;
    }
    const { push, shared } = routed;
    if (push.to === 'others' && push.sessionId === session.id) return;
    const member = memberOf(session);
    if (member === undefined) return;
    if (push.to === 'device') {
      if (push.deviceId !== member.deviceId) return;
      if (push.frame.receipt !== undefined) this.#options.receipts.settle(member, push.frame.receipt);
    }
    this.#pass(session, push.frame, shared);
  }

  #stored(session: Session, { push, receipt, message }: RoutedSay): void {
    const { receipts, writer } = this.#options;
    const member = memberOf(session);
    if (member === undefined) return;
    const isOurs = push.deviceId === member.deviceId;
    if (isOurs) receipts.settle(member, push);
    if (!isWelcomed(session)) return;
    if (isOurs) writer.sendEncoded(session, receipt.as(session.wire.format));
    this.#message(session, push.seq, message);
  }

  #pass(session: Session, frame: DownJson, shared: SharedFrame): void {
    const { writer } = this.#options;
    const { wire } = session;
    if (!isWelcomed(session)) return;
    const { message, delta, typing, presence, read } = frame;
    if (message !== undefined) this.#message(session, message.seq ?? 0, shared);
    else if (delta !== undefined) this.#delta(session, shared);
    else if (!(typing ?? presence ?? read) || writer.takesDeltas(session))
      writer.sendEncoded(session, shared.as(wire.format));
  }

  /**
   * Live, a message is passed on when it is the next one and there is room; else it is read from the store.
   */
  #message(session: Session, seq: number, shared: SharedFrame): void {
    const { writer, catchUp } = this.#options;
    const { state } = session;
    if (state.at === 'catching_up') state.newestSeq = Math.max(state.newestSeq, seq);
    if (state.at !== 'live' || seq <= state.sentSeq) return;
    if (seq === state.sentSeq + 1 && writer.takesMessages(session)) {
      state.sentSeq = seq;
      writer.sendEncoded(session, shared.as(session.wire.format));
    } else {
      catchUp.start(session, state.member, { sentSeq: state.sentSeq, newestSeq: seq });
    }
  }

  #delta(session: Session, shared: SharedFrame): void {
    const { writer, meters } = this.#options;
    if (session.state.at === 'live' && !session.behind && writer.takesDeltas(session)) {
      writer.sendEncoded(session, shared.as(session.wire.format));
      return;
    }
    session.behind = true;
    meters.deltasLeftOut.inc();
  }
}

/** A session before its welcome gets no frames: the position in the welcome covers them. */
function isWelcomed({ state }: Session): boolean {
  return state.at === 'live' || state.at === 'catching_up';
}

/** `messages` holds one for each `stored` push. */
function encodeOnce(room: Room, pushes: readonly Push[], messages: readonly string[]): readonly Routed[] {
  const routed: Routed[] = [];
  let stored = 0;
  for (const push of pushes) {
    if (push.to === 'session') routed.push({ push });
    else if (push.to === 'stored') {
      routed.push({
        push,
        receipt: new SharedFrame(storedReceipt(push)),
        message: new SharedFrame(messages[stored] ?? ''),
      });
      stored += 1;
    } else if (follow(room, push.frame))
      routed.push({ push, shared: new SharedFrame(JSON.stringify(push.frame)) });
  }
  return routed;
}

/** Written by hand, because it is by far the most frequent frame. `admit` lets only UUIDs pass as ids. */
function storedReceipt({ clientSeq, id, seq }: PushOf<'stored'>): string {
  return `{"receipt":{"clientSeq":${clientSeq},"id":"${id}","state":"STORED","seq":${seq}}}`;
}

/** Keeps the running answer for late and slow sessions. False: a delta does not continue the known text. */
function follow(room: Room, { turn, delta, snapshot, presence }: DownJson): boolean {
  if (turn !== undefined) {
    const { turnId = '', state } = turn;
    if (state === 'STARTED') room.turn = { turnId, text: '' };
    else if (room.turn?.turnId === turnId) room.turn = undefined;
  } else if (delta !== undefined) {
    const { turnId = '', offset = 0, text = '' } = delta;
    const known = room.turn?.turnId === turnId ? room.turn.text : '';
    // A delta was lost. Its number is missing on the lane too, so a snapshot is on its way.
    if (offset > known.length) return false;
    room.turn = { turnId, text: (offset === known.length ? known : known.slice(0, offset)) + text };
  } else if (snapshot !== undefined) {
    room.turn = { turnId: snapshot.turnId ?? '', text: snapshot.text ?? '' };
  } else if (presence !== undefined) {
    room.presence = presence.sockets ?? 0;
  }
  return true;
}
