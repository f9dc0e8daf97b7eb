import type { Deliveries, Delivery, Push } from '@rapport/proto/delivery.ts';
import type { ConversationKey } from '@rapport/proto/identity.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Lanes } from '@rapport/stream/lanes.ts';

/** A lane message stays well under NATS' 1 MiB, whatever the texts in it. */
const laneTextMax = 128 * 1024;
const laneDeliveriesMax = 512;
const heartbeatMs = 1_000;

/** A gateway's lane: what waits for it in this turn of the event loop, and its running number. */
interface Lane {
  number: number;
  waiting: Delivery[];
  /** What the `stored` pushes among them are about. */
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
  readonly #byGateway = new Map<string, Lane>();
  readonly #onGone: (gatewayId: string) => void;
  readonly #stopHeartbeat: () => void;
  #flushing = false;

  constructor(options: {
    readonly lanes: Lanes;
    readonly hostId: string;
    readonly clock: Clock;
    /** Called when a gateway is not there any more. */
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
    const lane = this.#laneOf(gatewayId);
    const { creatorId, userId } = to.key;
    lane.waiting.push({ creatorId, userId, epoch: to.epoch, pushes: to.pushes });
    for (const message of to.messages) lane.messages.push(message);
    lane.waitingText += textOf(to.pushes) + to.messages.reduce((sum, message) => sum + message.length, 0);
    if (lane.waitingText > laneTextMax || lane.waiting.length >= laneDeliveriesMax)
      this.#flushLane(gatewayId, lane);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  stop(): void {
    this.#stopHeartbeat();
    this.#flush();
  }

  #laneOf(gatewayId: string): Lane {
    const lane = this.#byGateway.get(gatewayId) ?? { number: 0, waiting: [], messages: [], waitingText: 0 };
    this.#byGateway.set(gatewayId, lane);
    return lane;
  }

  #flush(): void {
    this.#flushing = false;
    for (const [gatewayId, lane] of this.#byGateway) this.#flushLane(gatewayId, lane);
  }

  #flushLane(gatewayId: string, lane: Lane): void {
    if (lane.waiting.length === 0) return;
    lane.number += 1;
    this.#lanes.toGateway(gatewayId, this.#message(lane.number, lane.waiting, lane.messages));
    lane.waiting = [];
    lane.messages = [];
    lane.waitingText = 0;
  }

  #message(number: number, deliveries: readonly Delivery[], messages: readonly string[]): Deliveries {
    return { hostId: this.#hostId, number, deliveries, messages };
  }

  #heartbeat(): void {
    for (const [gatewayId, lane] of this.#byGateway) void this.#pulse(gatewayId, lane); // It cannot fail.
  }

  async #pulse(gatewayId: string, lane: Lane): Promise<void> {
    const there = await this.#lanes.pulse(gatewayId, this.#message(lane.number, [], []));
    if (there) return;
    this.#byGateway.delete(gatewayId);
    this.#onGone(gatewayId);
  }
}

/** The length of the texts that dominate a lane message; the rest of a push is some 200 bytes. */
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
