import { freshDevice, type KeptDevice, type Outbox, type Slot } from './outbox.ts';

/** Keeps devices in this page or process only: for tests, load, and browsers that allow no storage. */
export class MemoryOutbox implements Outbox {
  readonly #slots: { device: KeptDevice; held: boolean }[] = [];

  async take(freshDeviceId: string): Promise<Slot> {
    const abandoned = await this.takeAbandoned();
    if (abandoned) return abandoned;
    const slot = this.#slots.find(({ held }) => !held) ?? { device: freshDevice(freshDeviceId), held: false };
    if (!this.#slots.includes(slot)) this.#slots.push(slot);
    return hold(slot);
  }

  async takeAbandoned(): Promise<Slot | undefined> {
    const slot = this.#slots.find(({ held, device }) => !held && device.unsent.length > 0);
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
