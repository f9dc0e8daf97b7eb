import { limits } from '@rapport/proto/limits.ts';
import {
  freshDevice,
  type KeptDevice,
  lastNumber,
  type Outbox,
  type Slot,
} from '@rapport/widget/sdk/outbox.ts';
import type { Storage } from '@rapport/widget/sdk/storage.ts';
import { MemoryVisitorTokens } from '@rapport/widget/sdk/visitor.ts';
import type { Chance } from './chance.ts';
import type { Fate } from './fate.ts';
import type { World } from './world.ts';

interface Kept {
  device: KeptDevice;
  holder: Fate | undefined;
  /** Earlier states of the device, from which a backup may be restored. */
  readonly copies: KeptDevice[];
}

const copiesMax = 20;

/** The storage of a person's device. It survives the tab that wrote it. */
export class OutboxModel {
  readonly #chance: Chance;
  readonly #slots: Kept[] = [];
  /** Writes on their way to the disk, by the tab that made them. */
  readonly #writes = new Map<Fate, Set<{ land: () => void }>>();

  constructor(world: World, name: string) {
    this.#chance = world.chance(`outbox ${name}`);
  }

  /** Number of messages that are kept and, as far as the device knows, not stored. */
  get unsent(): number {
    return this.#slots.reduce((sum, { device }) => sum + device.unsent.length, 0);
  }

  /** Number of devices that the server sees in this one: each slot numbers its messages by itself. */
  get slots(): number {
    return this.#slots.length;
  }

  /** The storage as one tab has it. */
  open(fate: Fate): Storage {
    const way = () => ({ thereMs: this.#chance.between(0, 4), backMs: this.#chance.between(0, 2) });
    const outbox: Outbox = {
      take: async (freshDeviceId) =>
        this.#slot(fate, await fate.ask(way(), () => this.#take(fate, freshDeviceId))),
      takeAbandoned: async () => {
        const slot = await fate.ask(way(), () => this.#abandoned(fate));
        return slot && this.#slot(fate, slot);
      },
    };
    return { outbox, visitorTokens: new MemoryVisitorTokens() };
  }

  /** The tab is gone. Its last writes are on disk or lost, and other tabs may take its slots. */
  left(fate: Fate): void {
    for (const write of this.#writes.get(fate) ?? []) if (this.#chance.happens(0.5)) write.land();
    this.#writes.delete(fate);
    for (const slot of this.#slots) if (slot.holder === fate) slot.holder = undefined;
  }

  /**
   * A backup of the storage is restored while no tab is open: numbers that are used already are used again.
   * Not one from before the device took another name: its unsent says are stored under that name, and would
   * be stored again under the old one. Not one that is too old: the server remembers the ids of the newest
   * says alone, and takes older ones for repetitions. Returns the unsent texts that are gone.
   */
  restore(): readonly string[] {
    return this.#slots.flatMap((slot) => {
      const copies = slot.copies.filter(
        ({ deviceId, storedUpTo }) =>
          deviceId === slot.device.deviceId && lastNumber(slot.device) - storedUpTo < limits.saysInFlightMax,
      );
      const copy = copies[this.#chance.between(0, copies.length)];
      if (slot.holder !== undefined || copy === undefined) return [];
      const there = new Set(copy.unsent.map(({ id }) => id));
      const gone = slot.device.unsent.filter(({ id }) => !there.has(id));
      slot.device = copy;
      return gone.map(({ text }) => text);
    });
  }

  #take(fate: Fate, freshDeviceId: string): Kept {
    const free = this.#abandoned(fate) ?? this.#slots.find(({ holder }) => holder === undefined);
    const slot: Kept = free ?? { device: freshDevice(freshDeviceId), holder: fate, copies: [] };
    if (free === undefined) this.#slots.push(slot);
    if (fate.at !== 'dead') slot.holder = fate;
    return slot;
  }

  #abandoned(fate: Fate): Kept | undefined {
    const slot = this.#slots.find(({ holder, device }) => holder === undefined && device.unsent.length > 0);
    if (slot !== undefined && fate.at !== 'dead') slot.holder = fate;
    return slot;
  }

  #slot(fate: Fate, slot: Kept): Slot {
    return {
      device: slot.device,
      write: (device) => this.#write(fate, slot, device),
      release: async () => {
        if (slot.holder === fate) slot.holder = undefined;
      },
    };
  }

  #write(fate: Fate, slot: Kept, device: KeptDevice): Promise<void> {
    const writes = this.#writes.get(fate) ?? new Set();
    this.#writes.set(fate, writes);
    return new Promise((resolve) => {
      const write = {
        land: () => {
          if (!writes.delete(write)) return;
          slot.copies.push(slot.device);
          if (slot.copies.length > copiesMax) slot.copies.shift();
          slot.device = device;
        },
      };
      writes.add(write);
      fate.later(this.#chance.between(0, 6), () => {
        write.land();
        resolve();
      });
    });
  }
}
