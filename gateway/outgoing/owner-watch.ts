import type { Deliveries } from '@rapport/proto/delivery.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Owner } from '@rapport/stream/owners.ts';
import type { Meters } from '../meters.ts';
import type { Rooms } from '../sockets/rooms.ts';
import type { Attach } from './attach.ts';

/** Owners send a heartbeat each second; after three missed ones deliveries may have been lost. */
const silentMs = 3_000;

/** A lane from an owner host to this gateway. */
interface Lane {
  /** The number that the next deliveries have. */
  next: number;
  heardMs: number;
}

/**
 * Watches over the lanes from owners: numbers on each are dense, a heartbeat repeats the newest, and a
 * partition's epoch only grows. Whatever is missing makes the sessions concerned attach again, so that a lost
 * tail heals by itself.
 */
export class OwnerWatch {
  readonly #attach: Pick<Attach, 'askAgain'>;
  readonly #rooms: Rooms;
  readonly #clock: Clock;
  readonly #meters: Meters;
  readonly #owners: ({ readonly hostId: string; readonly epoch: number } | undefined)[] = [];
  readonly #lanes = new Map<string, Lane>();

  constructor(options: {
    readonly attach: Pick<Attach, 'askAgain'>;
    readonly rooms: Rooms;
    readonly clock: Clock;
    readonly meters: Meters;
  }) {
    this.#attach = options.attach;
    this.#rooms = options.rooms;
    this.#clock = options.clock;
    this.#meters = options.meters;
  }

  /** The table of owners changed. */
  owner({ partition, hostId, epoch }: Owner): void {
    const known = this.#owners[partition];
    if (known !== undefined && epoch < known.epoch) return;
    this.#owners[partition] = { hostId, epoch };
    if (epoch > (known?.epoch ?? 0)) this.#attach.askAgain(partition);
  }

  /** False for what an owner of the past sent. A newer epoch than known is news of a take-over. */
  isCurrent(partition: number, epoch: number): boolean {
    const known = this.#owners[partition];
    if (epoch === known?.epoch) return true;
    if (epoch < (known?.epoch ?? 0)) return false;
    this.#owners[partition] = { hostId: '', epoch };
    this.#attach.askAgain(partition);
    return true;
  }

  /** Something came on a host's lane. */
  heard({ hostId, number, deliveries }: Deliveries): void {
    const lane = this.#lanes.get(hostId) ?? { next: 1, heardMs: 0 };
    this.#lanes.set(hostId, lane);
    const expected = deliveries.length > 0 ? lane.next : lane.next - 1;
    lane.next = number + 1;
    lane.heardMs = this.#clock.monotonicMs();
    if (number !== expected) this.#lost(hostId);
  }

  tick(nowMs: number): void {
    for (const [hostId, lane] of this.#lanes) {
      if (nowMs - lane.heardMs < silentMs) continue;
      lane.heardMs = nowMs;
      if (this.#owners.some((owner) => owner?.hostId === hostId)) this.#lost(hostId);
      else this.#lanes.delete(hostId);
    }
  }

  #lost(hostId: string): void {
    const partitions = [...this.#owners.keys()].filter(
      (partition) => this.#owners[partition]?.hostId === hostId && this.#rooms.hasAny(partition),
    );
    if (partitions.length === 0) return;
    this.#meters.lostDeliveries.inc();
    for (const partition of partitions) this.#attach.askAgain(partition);
  }
}
