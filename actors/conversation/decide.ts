// Hop 7 of 12: actors/conversation/decide - decide: pure.
import type { Event, Said } from '@rapport/proto/envelope.ts';
import type { DownJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { limits } from '@rapport/proto/limits.ts';
import { type Context, type Decision, type Effect, type NewMessage, pushToAll } from './decision.ts';
import { endQuiet, timerFired } from './follow-up.ts';
import { type Conversation, type Device, deviceOf, seqOf } from './state.ts';
import { endTurn, loseTurn, startTurn } from './turn.ts';

/**
 * The conversation actor: folds one event of the log into the state. The same in a live host, a simulation
 * and a replay. An event that was folded before changes nothing and only repeats its answer.
 */
export function decide(state: Conversation, event: Event, context: Context): Decision {
  switch (event.kind) {
    case 'said':
      return said(state, event, context);
    case 'read':
      return readUpTo(state, event.seq);
    case 'answered':
    case 'turn_failed':
    case 'turn_stopped':
      return endTurn(state, event, context);
    case 'turn_lost':
      return loseTurn(state, event, context);
    case 'timer_fired':
      return timerFired(state, event, context);
    default:
      throw new Error(`Cannot decide an event of kind ${(event satisfies never as Event).kind}`);
  }
}

/** Takes exactly the device's next clientSeq, as an idempotent producer's broker does. */
function said(state: Conversation, event: Said, context: Context): Decision {
  const device = deviceOf(state, event.deviceId) ?? { deviceId: event.deviceId, clientSeq: 0, seqs: [] };
  if (event.clientSeq <= device.clientSeq) return again(state, event, device);
  if (event.clientSeq > device.clientSeq + 1) return gap(state, event, device);
  const message = messageOf(state, event, context);
  const stored: Conversation = {
    ...state,
    topSeq: message.seq,
    ...(context.answering === 'coach' ? { askedSeq: message.seq } : { answeredSeq: message.seq }),
    devices: withSaid(state.devices, device, message.seq),
  };
  const { deviceId, clientSeq } = event;
  const decision = endQuiet({
    state: stored,
    messages: [message],
    effects: [{ kind: 'push', push: { to: 'stored', deviceId, clientSeq, id: event.id, seq: message.seq } }],
  });
  return context.answering === 'coach' && state.turn.at === 'idle' ? startTurn(decision, context) : decision;
}

function again(state: Conversation, event: Said, device: Device): Decision {
  const seq = seqOf(device, event.clientSeq);
  return { state, messages: [], effects: [receipt(event, { state: 'STORED', seq })] };
}

function gap(state: Conversation, event: Said, device: Device): Decision {
  const reason = `clientSeq ${device.clientSeq + 1} is missing before ${event.clientSeq}`;
  return { state, messages: [], effects: [receipt(event, { state: 'REJECTED', code: 'gap', reason })] };
}

function messageOf(state: Conversation, event: Said, context: Context): NewMessage {
  return {
    seq: state.topSeq + 1,
    id: event.id,
    role: 'USER',
    text: event.text,
    channel: event.channel,
    atMs: context.atMs,
    userId: context.userId,
  };
}

/** The device moves to the end of the list, so that the one unheard for longest is forgotten first. */
function withSaid(devices: readonly Device[], device: Device, seq: number): readonly Device[] {
  const others = devices.filter((other) => other.deviceId !== device.deviceId);
  const seqs = [...device.seqs.slice(1 - limits.saysInFlightMax), seq];
  return [
    ...others.slice(1 - limits.devicesMax),
    { deviceId: device.deviceId, clientSeq: device.clientSeq + 1, seqs },
  ];
}

function readUpTo(state: Conversation, seq: number): Decision {
  const readSeq = Math.min(seq, state.topSeq);
  if (readSeq <= state.readSeq) return { state, messages: [], effects: [] };
  return { state: { ...state, readSeq }, messages: [], effects: [pushToAll({ read: { seq: readSeq } })] };
}

function receipt(
  event: Said,
  outcome: { state: 'STORED'; seq: number } | { state: 'REJECTED'; code: string; reason: string },
): Effect {
  const frame: DownJson = { receipt: { clientSeq: event.clientSeq, id: event.id, ...outcome } };
  return { kind: 'push', push: { to: 'device', deviceId: event.deviceId, frame } };
}
