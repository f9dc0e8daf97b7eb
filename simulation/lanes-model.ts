import type { Controls } from '@rapport/proto/control.ts';
import type { Deliveries } from '@rapport/proto/delivery.ts';
import { decodeDeliveries, encodeDeliveries } from '@rapport/stream/deliveries-text.ts';
import type { Lanes } from '@rapport/stream/lanes.ts';
import type { Chance } from './chance.ts';
import type { Fate } from './fate.ts';
import type { World } from './world.ts';

interface Listener<T> {
  readonly fate: Fate;
  readonly take: (value: T) => void;
}

/**
 * The lanes: messages of one sender to one subject stay in order; each may come late, twice or not at all.
 */
export class LanesModel {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #owners = new Map<number, Set<Listener<Controls>>>();
  readonly #gateways = new Map<string, Set<Listener<Deliveries>>>();
  /** When the newest message of a sender to a subject arrives. */
  readonly #busyUntilMs = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
    this.#chance = world.chance('lanes');
  }

  open(fate: Fate): Lanes {
    const toGateway = (gatewayId: string, deliveries: Deliveries) =>
      this.#send(fate, `gateway.${gatewayId}`, encodeDeliveries(deliveries), {
        listeners: () => this.#gateways.get(gatewayId),
        decode: decodeDeliveries,
      });
    return {
      toOwner: (partition, controls) =>
        this.#send(fate, `control.${partition}`, JSON.stringify(controls), {
          listeners: () => this.#owners.get(partition),
          decode: (text) => JSON.parse(text) as Controls,
        }),
      onControls: (partition, take) => listen(this.#owners, partition, { fate, take }),
      toGateway,
      pulse: (gatewayId, deliveries) => {
        toGateway(gatewayId, deliveries);
        if (fate.isCutOff) return Promise.resolve(true);
        return fate.ask({ thereMs: 1, backMs: 1 }, () => this.#listens(gatewayId));
      },
      onDeliveries: (gatewayId, take) => listen(this.#gateways, gatewayId, { fate, take }),
    };
  }

  #listens(gatewayId: string): boolean {
    return [...(this.#gateways.get(gatewayId) ?? [])].some(({ fate }) => fate.at !== 'dead');
  }

  #send<T>(
    fate: Fate,
    subject: string,
    text: string,
    to: {
      readonly listeners: () => ReadonlySet<Listener<T>> | undefined;
      readonly decode: (text: string) => T;
    },
  ): void {
    if (fate.at === 'dead' || fate.isCutOff) return;
    const { faults, time } = this.#world;
    if (faults.strikes('lane_lost')) {
      this.#world.tell('lane', `lost ${fate.name} > ${subject} ${text.slice(0, 160)}`);
      return;
    }
    const lane = `${fate.name}>${subject}`;
    const lateMs = faults.strikes('lane_late') ? this.#chance.between(20, 1_500) : 0;
    const atMs = Math.max(this.#busyUntilMs.get(lane) ?? 0, time.nowMs + this.#chance.between(1, 3) + lateMs);
    this.#busyUntilMs.set(lane, atMs);
    const copies = faults.strikes('lane_twice') ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      time.after(atMs - time.nowMs, () => {
        for (const { fate: listener, take } of [...(to.listeners() ?? [])]) {
          if (!listener.isCutOff) listener.later(0, () => take(to.decode(text)));
        }
      });
    }
  }
}

function listen<K, T>(listeners: Map<K, Set<Listener<T>>>, subject: K, listener: Listener<T>): () => void {
  const there = listeners.get(subject) ?? new Set();
  listeners.set(subject, there);
  there.add(listener);
  return () => {
    there.delete(listener);
  };
}
