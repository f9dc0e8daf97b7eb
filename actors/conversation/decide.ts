// Hop 7 of 12: actors/conversation - decide: pure.
import type { Code } from '@rapport/proto/codes.ts';
import type { Event, Said } from '@rapport/proto/envelope.ts';
import type { DownJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { markOf } from '@rapport/proto/id-mark.ts';
import { type Context, type Decision, type NewMessage, type Step, unchanged } from './decision.ts';
import { deviceSaying, isReused, seqOf, withSaid } from './devices.ts';
import { type Effect, pushToAll } from './effect.ts';
import { foldParts } from './fold-parts.ts';
import type { Part } from './part.ts';
import { parts as allParts } from './parts.ts';
import type { Conversation, Core, Device } from './state.ts';
import { fireTimer } from './timer.ts';
import { continueTurns, endTurn, loseTurn } from './turn.ts';

/**
 * The conversation actor: folds one event of the log into the state. The same in a live host, a simulation
 * and a replay. An event that was folded before changes nothing and only repeats its answer. First the core
 * folds the event, then the parts fold the moments that it made, then the next answer begins.
 */
export function decide(
  state: Conversation,
  event: Event,
  context: Context,
  parts: readonly Part[] = allParts,
): Decision {
  const folded = foldCore(state.core, event, { context, parts });
  const { step, slices, isVetoed } = foldParts(folded, { slices: state.parts, parts, context });
  const isHeld = isVetoed || context.answering === 'people';
  const { core, messages, effects, moments } = continueTurns(step, { before: state.core, isHeld, context });
  const isSame = core === state.core && slices === state.parts;
  return { state: isSame ? state : { core, parts: slices }, messages, effects, moments };
}

function foldCore(
  core: Core,
  event: Event,
  { context, parts }: { readonly context: Context; readonly parts: readonly Part[] },
): Step {
  switch (event.kind) {
    case 'said':
      return said(core, event, context);
    case 'read':
      return readUpTo(core, event.seq);
    case 'answered':
    case 'turn_failed':
    case 'turn_stopped':
      return endTurn(core, event, context);
    case 'turn_lost':
      return loseTurn(core, event, context);
    case 'timer_fired': {
      const isKnown = (part: string) => parts.some(({ name }) => name === part);
      return fireTimer(core, event, { context, isKnown });
    }
    default:
      throw new Error(`Cannot decide an event of kind ${(event satisfies never as Event).kind}`);
  }
}

/** Takes exactly the device's next clientSeq, as an idempotent producer's broker does. */
function said(core: Core, event: Said, context: Context): Step {
  const device = deviceSaying(core, event);
  if (event.clientSeq > device.clientSeq + 1) return gap(core, event, device);
  const mark = markOf(event.id);
  if (isReused(device, event.clientSeq, mark)) return reused(core, event);
  if (event.clientSeq <= device.clientSeq) return again(core, event, device);
  const { deviceId, clientSeq, id, text, channel, choiceId } = event;
  const seq = core.topSeq + 1;
  const devices = withSaid(core.devices, device, { seq, mark, channel });
  const isAsked = context.answering === 'coach';
  return {
    core: {
      ...core,
      topSeq: seq,
      askedSeq: isAsked ? seq : core.askedSeq,
      answeredSeq: isAsked ? core.answeredSeq : seq,
      devices,
    },
    messages: [messageOf(event, { seq, context })],
    effects: [{ kind: 'push', push: { to: 'stored', deviceId, clientSeq, id, seq } }],
    moments: [{ kind: 'person_said', seq, text, channel, choiceId }],
  };
}

function again(core: Core, event: Said, device: Device): Step {
  return unchanged(core, [receipt(event, { state: 'STORED', seq: seqOf(device, event.clientSeq) })]);
}

function gap(core: Core, event: Said, device: Device): Step {
  const reason = `clientSeq ${device.clientSeq + 1} is missing before ${event.clientSeq}`;
  return unchanged(core, [receipt(event, { state: 'REJECTED', code: 'gap', reason })]);
}

function reused(core: Core, event: Said): Step {
  const reason = `clientSeq ${event.clientSeq} or id ${event.id} belongs to another message of the device`;
  return unchanged(core, [receipt(event, { state: 'REJECTED', code: 'number_reused', reason })]);
}

function messageOf(
  event: Said,
  { seq, context }: { readonly seq: number; readonly context: Context },
): NewMessage {
  const { id, text, channel } = event;
  const { atMs, userId } = context;
  return { seq, id, role: 'USER', text, channel, atMs, userId };
}

function readUpTo(core: Core, seq: number): Step {
  const readSeq = Math.min(seq, core.topSeq);
  if (readSeq <= core.readSeq) return unchanged(core);
  return {
    core: { ...core, readSeq },
    messages: [],
    effects: [pushToAll({ read: { seq: readSeq } })],
    moments: [{ kind: 'read', seq: readSeq }],
  };
}

function receipt(
  event: Said,
  outcome: { state: 'STORED'; seq: number } | { state: 'REJECTED'; code: Code; reason: string },
): Effect {
  const frame: DownJson = { receipt: { clientSeq: event.clientSeq, id: event.id, ...outcome } };
  return { kind: 'push', push: { to: 'device', deviceId: event.deviceId, frame } };
}
