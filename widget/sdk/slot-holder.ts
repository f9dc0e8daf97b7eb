import type { Slot } from './outbox.ts';
import { Sender, type SenderOptions } from './sender.ts';
import type { Storage } from './storage.ts';
import { uuid4 } from './uuid.ts';

export type SlotHolderOptions = Omit<SenderOptions, 'slot'> & { readonly storage: Promise<Storage> };

/** Holds the outbox slot from which this client sends, and changes it for another one. */
export class SlotHolder {
  readonly #options: SlotHolderOptions;
  #sender: Sender | undefined;

  constructor(options: SlotHolderOptions) {
    this.#options = options;
  }

  /** Undefined before `open` and after `close`. */
  get sender(): Sender | undefined {
    return this.#sender;
  }

  async open(userId: string | undefined): Promise<Slot> {
    const slot = await this.#take(userId);
    this.#sender = new Sender({ ...this.#options, slot });
    return slot;
  }

  /** Takes a slot of another person; what is unsent in the one before stays there. */
  async changeTo(userId: string): Promise<Slot> {
    const slot = await this.#take(userId);
    await this.moveTo(slot);
    return slot;
  }

  /** Takes a slot whose tab is gone, if `isIdle` still holds then. */
  async takeAbandoned(userId: string, isIdle: () => boolean): Promise<Slot | undefined> {
    const { outbox } = await this.#options.storage;
    const slot = await outbox.takeAbandoned(userId);
    if (slot && isIdle()) return slot;
    await slot?.release();
    return undefined;
  }

  /** Sends from this slot from now on. */
  async moveTo(slot: Slot): Promise<void> {
    if (this.#sender) await this.#sender.moveTo(slot);
    else await slot.release(); // Closed meanwhile.
  }

  async close(): Promise<void> {
    await this.#sender?.close();
    this.#sender = undefined;
  }

  async #take(userId: string | undefined): Promise<Slot> {
    const { storage, surroundings } = this.#options;
    const { outbox } = await storage;
    return outbox.take(uuid4(surroundings.randomBytes), userId);
  }
}
