import { belongsTo, freshDevice, type KeptDevice, type Outbox, type Slot } from './outbox.ts';

/** Keeps devices in this page or process only: for tests, load, and browsers that allow no storage. */
export class MemoryOutbox implements Outbox {
  readonly #slots: { device: KeptDevice; held: boolean }[] = [];

  async take(freshDeviceId: string, userId?: string): Promise<Slot> {
    const free = this.#slots.filter(({ held, device }) => !held && belongsTo(device, userId));
    const kept = free.find(({ device }) => device.unsent.length > 0) ?? free[0];
    const slot = kept ?? { device: freshDevice(freshDeviceId), held: false };
    if (kept === undefined) this.#slots.push(slot);
    return hold(slot);
  }

  async takeAbandoned(userId: string): Promise<Slot | undefined> {
    const slot = this.#slots.find(
      ({ held, device }) => !held && device.unsent.length > 0 && belongsTo(device, userId),
    );
    return slot && hold(slot);
  }
}

function hold(slot: { device: KeptDevice; held: boolean }): Slot {
  slot.held = true;
  return {
    device: slot.device,
    write: async (device) => {
      slot.device = device;
    },
    release: async () => {
      slot.held = false;
    },
  };
}
