import type { Deliveries } from '@rapport/proto/delivery.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import type { Owner } from '@rapport/stream/owners.ts';
import type { Meters } from '../meters.ts';
import type { Rooms } from '../sockets/rooms.ts';
import type { Attach } from './attach.ts';

/** Owners send a heartbeat each second; after three missed ones deliveries may have been lost. */
const silentMs = 3_000;

/** How far this gateway has heard an owner host. */
interface Heard {
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
  readonly #hosts = new Map<string, Heard>();

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

  /** A message came from a host. */
  heard({ hostId, number, deliveries }: Deliveries): void {
    const heard = this.#hosts.get(hostId) ?? { next: 1, heardMs: 0 };
    this.#hosts.set(hostId, heard);
    const expected = deliveries.length > 0 ? heard.next : heard.next - 1;
    heard.next = number + 1;
    heard.heardMs = this.#options.clock.monotonicMs();
    if (number !== expected) this.#lost(hostId);
  }

  tick(nowMs: number): void {
    for (const [hostId, heard] of this.#hosts) {
      if (nowMs - heard.heardMs < silentMs) continue;
      heard.heardMs = nowMs;
      if (this.#owners.some((owner) => owner?.hostId === hostId)) this.#lost(hostId);
      else this.#hosts.delete(hostId);
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
