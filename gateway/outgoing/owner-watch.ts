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

export interface OwnerWatchOptions {
  readonly attach: Pick<Attach, 'askAgain'>;
  readonly rooms: Rooms;
  readonly clock: Clock;
  readonly meters: Meters;
}

/**
 * Watches over the lanes from owners: numbers on each are dense, a heartbeat repeats the newest, and a
 * partition's epoch only grows. A missing number or heartbeat makes the sessions concerned attach again, so a
 * lost tail heals by itself.
 */
export class OwnerWatch {
  readonly #options: OwnerWatchOptions;
  readonly #owners: ({ readonly hostId: string; readonly epoch: number } | undefined)[] = [];
  readonly #lanes = new Map<string, Lane>();

  constructor(options: OwnerWatchOptions) {
    this.#options = options;
  }

  /** The table of owners changed. */
  owner({ partition, hostId, epoch }: Owner): void {
    const known = this.#owners[partition];
    if (known !== undefined && epoch < known.epoch) return;
    this.#owners[partition] = { hostId, epoch };
    if (epoch > (known?.epoch ?? 0)) this.#options.attach.askAgain(partition);
  }

  /** False: an owner of the past sent this. An epoch newer than the known one tells of a take-over. */
  isCurrent(partition: number, epoch: number): boolean {
    const known = this.#owners[partition];
    if (epoch === known?.epoch) return true;
    if (epoch < (known?.epoch ?? 0)) return false;
    this.#owners[partition] = { hostId: '', epoch };
    this.#options.attach.askAgain(partition);
    return true;
  }

  /** Takes note of a message on a host's lane. */
  heard({ hostId, number, deliveries }: Deliveries): void {
    const lane = this.#lanes.get(hostId) ?? { next: 1, heardMs: 0 };
    this.#lanes.set(hostId, lane);
    const expected = deliveries.length > 0 ? lane.next : lane.next - 1;
    lane.next = number + 1;
    lane.heardMs = this.#options.clock.monotonicMs();
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
      (partition) => this.#owners[partition]?.hostId === hostId && this.#options.rooms.hasAny(partition),
    );
    if (partitions.length === 0) return;
    this.#options.meters.lostDeliveries.inc();
    for (const partition of partitions) this.#options.attach.askAgain(partition);
  }
}
