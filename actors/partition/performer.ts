// Hop 9 of 12: actors/partition/performer - effects, after the commit: push to gateways, begin answers.
import type { Control } from '@rapport/proto/control.ts';
import type { Attached, Push } from '@rapport/proto/delivery.ts';
import type { Answered, Event, TurnFailed, TurnStopped } from '@rapport/proto/envelope.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import { deviceOf } from '../conversation/devices.ts';
import { type Infer, isRecorded, type NotRecorded } from '../conversation/effect.ts';
import type { Core } from '../conversation/state.ts';
import type { Dispatch } from '../dispatch.ts';
import type { Audience } from '../memory/audience.ts';
import type { Actor, Damaged } from '../memory/residents.ts';
import type { Turns } from '../turns.ts';
import type { Touched } from './batch.ts';

export interface PerformerOptions {
  readonly epoch: number;
  readonly audience: Audience;
  readonly dispatch: Dispatch;
  readonly turns: Turns;
  /** Puts an event of a conversation into the log; resolves when it is there. */
  readonly append: (key: ConversationKey, event: Event) => Promise<void>;
}

/**
 * Performs the effects of decisions, and answers the controls of gateways. It decides nothing about a
 * conversation itself.
 */
export class Performer {
  readonly #options: PerformerOptions;

  constructor(options: PerformerOptions) {
    this.#options = options;
  }

  perform(touched: readonly Touched[]): void {
    for (const entry of touched) {
      const { pushes, infers } = sorted(entry);
      this.#options.turns.keepOnly(entry.actor.name, entry.actor.state.core.turn);
      if (pushes.length > 0)
        this.#tell(entry.actor.name, { key: entry.actor, pushes, messages: storedAmong(pushes, entry) });
      for (const infer of infers) this.#infer(entry.actor, infer);
    }
  }

  /** `actor` is that of an attach. */
  control(gatewayId: string, control: Control, actor: Actor | Damaged | undefined): void {
    const name = conversationName(control);
    switch (control.kind) {
      case 'attach': {
        // The row is unreadable, so do not answer: the gateway retries and finally closes new sessions with
        // `unavailable`.
        if (actor === undefined || 'damaged' in actor) return;
        const attached = this.#attached(name, actor, control.deviceId);
        const push: Push = { to: 'session', sessionId: control.sessionId, attached };
        this.#present(control, gatewayId, control.sockets);
        const { dispatch, epoch } = this.#options;
        dispatch.send(gatewayId, { key: control, epoch, pushes: [push], messages: [] });
        return;
      }
      case 'detach':
        this.#present(control, gatewayId, control.sockets);
        return;
      case 'typing': {
        const frame = { typing: { on: control.on, role: 'USER' as const } };
        this.#push(control, [{ to: 'others', sessionId: control.sessionId, frame }]);
        return;
      }
      case 'stop':
        this.#options.turns.stop(name, control.turnId);
        return;
      default:
        control satisfies never;
    }
  }

  #attached(name: string, { state: { core } }: Actor, deviceId: string): Attached {
    const turn = this.#options.turns.current(name) ?? notBegun(core);
    const device = deviceOf(core, deviceId);
    return {
      topSeq: core.topSeq,
      clientSeqStored: device?.clientSeq ?? 0,
      seqs: device?.seqs ?? [],
      marks: device?.marks ?? '',
      readSeq: core.readSeq,
      ...(turn && { turn }),
    };
  }

  /** Tells all sessions how many sockets are connected, if that is or was more than one. */
  #present(key: ConversationKey, gatewayId: string, sockets: number): void {
    const { audience } = this.#options;
    const name = conversationName(key);
    const before = audience.socketsOf(name);
    audience.set(name, gatewayId, sockets);
    const after = audience.socketsOf(name);
    if (before === after || after === 0 || before + after <= 1) return;
    this.#push(key, [{ to: 'all', frame: { presence: { sockets: after } } }]);
  }

  #push(key: ConversationKey, pushes: readonly Push[]): void {
    this.#tell(conversationName(key), { key, pushes, messages: [] });
  }

  #tell(
    name: string,
    what: {
      readonly key: ConversationKey;
      readonly pushes: readonly Push[];
      readonly messages: readonly string[];
    },
  ): void {
    const { audience, dispatch, epoch } = this.#options;
    for (const gatewayId of audience.gatewaysOf(name)) dispatch.send(gatewayId, { ...what, epoch });
  }

  #infer(actor: Actor, effect: Infer): void {
    // A later event of the same batch may have ended the turn already.
    const { turn } = actor.state.core;
    if (turn.at !== 'running' || turn.turnId !== effect.turnId || turn.attempt !== effect.attempt) return;
    const key: ConversationKey = { creatorId: actor.creatorId, userId: actor.userId };
    const { turnId, attempt, answeredSeq, askedSeq, uptoSeq } = effect;
    this.#options.turns.start({
      key,
      turnId,
      attempt,
      configVersion: turn.configVersion,
      answeredSeq,
      askedSeq,
      uptoSeq,
      show: (frame) => this.#push(key, [{ to: 'all', frame }]),
      end: (event: Answered | TurnFailed | TurnStopped) => this.#options.append(key, event),
    });
  }
}

/** The effects of one conversation that nothing waits for, by what is done about them. */
function sorted({ effects }: Touched) {
  const pushes: Push[] = [];
  const infers: Infer[] = [];
  for (const effect of effects) {
    if (isRecorded(effect)) continue; // `RecordedEffects` performs it.
    switch (effect.kind) {
      case 'push':
        pushes.push(effect.push);
        break;
      case 'infer':
        infers.push(effect);
        break;
      default:
        throw new Error(`Cannot perform an effect of kind ${(effect satisfies never as NotRecorded).kind}`);
    }
  }
  return { pushes, infers };
}

/** The messages of the `stored` pushes as frames, each around the message's text as the store has it. */
function storedAmong(pushes: readonly Push[], { messages }: Touched): readonly string[] {
  const firstSeq = messages[0]?.seq ?? 0;
  const frames: string[] = [];
  for (const push of pushes)
    if (push.to === 'stored') frames.push(`{"message":${messages[push.seq - firstSeq]?.json}}`);
  return frames;
}

/**
 * The state says that a turn is running, but this host has not started to generate it yet, as right after a
 * take-over.
 */
function notBegun({ turn }: Core): { readonly turnId: string; readonly text: string } | undefined {
  return turn.at === 'running' ? { turnId: turn.turnId, text: '' } : undefined;
}
