import type { Deliveries, Delivery, Push } from '@rapport/proto/delivery.ts';
import type { ConversationKey } from '@rapport/proto/identity.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Lanes } from '@rapport/stream/lanes.ts';

/** Characters and deliveries of one message: it stays well below NATS' 1 MiB, whatever the texts in it. */
const messageTextMax = 128 * 1024;
const messageDeliveriesMax = 512;
const heartbeatMs = 1_000;

/** What waits for a gateway in this turn of the event loop, and the number of its newest message. */
interface Queue {
  number: number;
  waiting: Delivery[];
  /** The messages' frames, one for each `stored` push. */
  messages: string[];
  waitingText: number;
}

/**
 * Sends deliveries to gateways, one message per gateway and turn of the event loop, numbered without holes. A
 * heartbeat each second repeats the newest number, so that a gateway notices a lost tail.
 */
export class Dispatch {
  readonly #lanes: Lanes;
  readonly #hostId: string;
  readonly #byGateway = new Map<string, Queue>();
  readonly #onGone: (gatewayId: string) => void;
  readonly #stopHeartbeat: () => void;
  #flushing = false;

  constructor(options: {
    readonly lanes: Lanes;
    readonly hostId: string;
    readonly clock: Clock;
    /** Called when a gateway does not exist any more. */
    readonly onGone: (gatewayId: string) => void;
  }) {
    this.#lanes = options.lanes;
    this.#hostId = options.hostId;
    this.#onGone = options.onGone;
    this.#stopHeartbeat = options.clock.every(heartbeatMs, () => this.#heartbeat());
  }

  /** Queues pushes of one conversation for one gateway; they leave at the end of this turn. */
  send(
    gatewayId: string,
    to: {
      readonly key: ConversationKey;
      readonly epoch: number;
      readonly pushes: readonly Push[];
      /** One for each `stored` push. */
      readonly messages: readonly string[];
    },
  ): void {
    const queue = this.#queueOf(gatewayId);
    const { creatorId, userId } = to.key;
    queue.waiting.push({ creatorId, userId, epoch: to.epoch, pushes: to.pushes });
    for (const message of to.messages) queue.messages.push(message);
    queue.waitingText += textOf(to.pushes) + to.messages.reduce((sum, message) => sum + message.length, 0);
    if (queue.waitingText > messageTextMax || queue.waiting.length >= messageDeliveriesMax)
      this.#flushQueue(gatewayId, queue);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  stop(): void {
    this.#stopHeartbeat();
    this.#flush();
  }

  #queueOf(gatewayId: string): Queue {
    const queue = this.#byGateway.get(gatewayId) ?? { number: 0, waiting: [], messages: [], waitingText: 0 };
    this.#byGateway.set(gatewayId, queue);
    return queue;
  }

  #flush(): void {
    this.#flushing = false;
    for (const [gatewayId, queue] of this.#byGateway) this.#flushQueue(gatewayId, queue);
  }

  #flushQueue(gatewayId: string, queue: Queue): void {
    if (queue.waiting.length === 0) return;
    queue.number += 1;
    this.#lanes.toGateway(gatewayId, this.#message(queue.number, queue.waiting, queue.messages));
    queue.waiting = [];
    queue.messages = [];
    queue.waitingText = 0;
  }

  #message(number: number, deliveries: readonly Delivery[], messages: readonly string[]): Deliveries {
    return { hostId: this.#hostId, number, deliveries, messages };
  }

  #heartbeat(): void {
    for (const [gatewayId, queue] of this.#byGateway) void this.#pulse(gatewayId, queue); // It never rejects.
  }

  async #pulse(gatewayId: string, queue: Queue): Promise<void> {
    const there = await this.#lanes.pulse(gatewayId, this.#message(queue.number, [], []));
    if (there) return;
    this.#byGateway.delete(gatewayId);
    this.#onGone(gatewayId);
  }
}

/** The length of the texts that dominate a message; the rest of a push is some 200 bytes. */
function textOf(pushes: readonly Push[]): number {
  let length = 0;
  for (const push of pushes) {
    length += 200;
    if (push.to === 'stored') continue;
    if (push.to === 'session') length += push.attached.turn?.text.length ?? 0;
    else if (push.frame.message !== undefined)
      length +=
        JSON.stringify(push.frame.message.sources ?? '').length + (push.frame.message.text?.length ?? 0);
    else length += push.frame.delta?.text?.length ?? 0;
  }
  return length;
}
