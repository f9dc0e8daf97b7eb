import { encodeMessage, type MessageStore, type StoredMessage } from '@rapport/history/history.ts';
import type { Control, Controls } from '@rapport/proto/control.ts';
import type { Attached, Deliveries, Push } from '@rapport/proto/delivery.ts';
import type { Envelope, Said } from '@rapport/proto/envelope.ts';
import { markOf } from '@rapport/proto/id-mark.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';

interface Kept {
  topSeq: number;
  readonly devices: Map<string, { clientSeq: number; readonly seqs: number[]; readonly ids: string[] }>;
  turn: Attached['turn'];
}

/**
 * An owner of all partitions as a test scripts it: stores what is said, answers attaches, numbers its
 * deliveries.
 */
export class ScriptedOwner {
  readonly hostId: string;
  epoch = 1;
  /** While true, attaches get no answer and what is delivered is lost on the way. */
  silent = false;
  readonly controls: Control[] = [];
  readonly #store: MessageStore;
  readonly #toGateway: (gatewayId: string, deliveries: Deliveries) => void;
  readonly #conversations = new Map<string, Kept>();
  #number = 0;
  #gatewayId = '';

  constructor(options: {
    readonly hostId: string;
    readonly store: MessageStore;
    readonly toGateway: (gatewayId: string, deliveries: Deliveries) => void;
  }) {
    this.hostId = options.hostId;
    this.#store = options.store;
    this.#toGateway = options.toGateway;
  }

  take({ gatewayId, controls }: Controls): void {
    this.#gatewayId = gatewayId;
    for (const control of controls) {
      this.controls.push(control);
      if (control.kind === 'attach') this.#attach(control);
    }
  }

  /** Stores what was said and tells everybody, as the log gives it. */
  async fold(envelopes: readonly Envelope[]): Promise<void> {
    for (const { creatorId, userId, event } of envelopes) {
      if (event.kind !== 'said') continue;
      if (this.#isReused({ creatorId, userId }, event)) {
        const { deviceId, clientSeq, id } = event;
        const receipt = { clientSeq, id, state: 'REJECTED' as const, code: 'number_reused' };
        this.push({ creatorId, userId }, [{ to: 'device', deviceId, frame: { receipt } }]);
        continue;
      }
      const seq = await this.#said({ creatorId, userId }, event);
      const { deviceId, clientSeq, id, text } = event;
      const message = { seq, id, role: 'USER' as const, text };
      const stored: Push = { to: 'stored', deviceId, clientSeq, id, seq };
      this.push({ creatorId, userId }, [stored], { messages: [JSON.stringify({ message })] });
    }
  }

  /** Puts messages of the coach into the store; `tell` says whether they are delivered as well. */
  async write(key: ConversationKey, texts: readonly string[], tell: boolean): Promise<void> {
    for (const text of texts) {
      const message = await this.#keep(key, { role: 'COACH', text });
      if (tell) this.push(key, [{ to: 'all', frame: { message } }]);
    }
  }

  /** The answer that attaches are told of. */
  writing(key: ConversationKey, turn: Attached['turn']): void {
    this.#keptOf(key).turn = turn;
  }

  push(
    { creatorId, userId }: ConversationKey,
    pushes: readonly Push[],
    {
      epoch = this.epoch,
      messages = [],
    }: { readonly epoch?: number; readonly messages?: readonly string[] } = {},
  ): void {
    this.#number += 1;
    this.#send([{ creatorId, userId, epoch, pushes }], messages);
  }

  heartbeat(): void {
    this.#send([], []);
  }

  #send(deliveries: Deliveries['deliveries'], messages: readonly string[]): void {
    if (this.silent) return;
    this.#toGateway(this.#gatewayId, { hostId: this.hostId, number: this.#number, deliveries, messages });
  }

  #attach(control: Control & { readonly kind: 'attach' }): void {
    const { topSeq, devices, turn } = this.#keptOf(control);
    const { clientSeq = 0, seqs = [], ids = [] } = devices.get(control.deviceId) ?? {};
    const attached: Attached = {
      topSeq,
      clientSeqStored: clientSeq,
      seqs,
      marks: ids.map(markOf).join(''),
      readSeq: 0,
      ...(turn && { turn }),
    };
    if (!this.silent) this.push(control, [{ to: 'session', sessionId: control.sessionId, attached }]);
  }

  /** As the actor does: a number belongs to the first id that came with it. */
  #isReused(key: ConversationKey, { deviceId, clientSeq, id }: Said): boolean {
    const device = this.#keptOf(key).devices.get(deviceId);
    return device !== undefined && clientSeq <= device.clientSeq && !device.ids.includes(id);
  }

  async #said(key: ConversationKey, event: Said): Promise<number> {
    const { devices } = this.#keptOf(key);
    const device = devices.get(event.deviceId) ?? { clientSeq: 0, seqs: [], ids: [] };
    devices.set(event.deviceId, device);
    const { seq } = await this.#keep(key, { id: event.id, role: 'USER', text: event.text });
    device.clientSeq = event.clientSeq;
    device.seqs.push(seq);
    device.ids.push(event.id);
    return seq;
  }

  async #keep(key: ConversationKey, fields: Omit<StoredMessage, 'seq' | 'atMs'>): Promise<StoredMessage> {
    const { creatorId, userId } = key;
    const kept = this.#keptOf(key);
    kept.topSeq += 1;
    const seq = kept.topSeq;
    const message = { ...fields, seq, atMs: seq };
    const row = { state: '{}', inSeq: seq, epoch: this.epoch, topSeq: seq };
    await this.#store.commit([{ creatorId, userId, ...row, messages: [encodeMessage(message)] }]);
    return message;
  }

  #keptOf(key: ConversationKey): Kept {
    const name = conversationName(key);
    const kept = this.#conversations.get(name) ?? { topSeq: 0, devices: new Map(), turn: undefined };
    this.#conversations.set(name, kept);
    return kept;
  }
}
