import type { Code } from '@rapport/proto/codes.ts';
import type { UpJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { limits } from '@rapport/proto/limits.ts';
import { type Flight, onReceipt, onSilence, onWelcome, rewound, sendable, type Verdict } from './flight.ts';
import type { Receipt, Welcome } from './frame.ts';
import { add, type KeptDevice, outboxSaysMax, type Slot, type UnsentSay, withdraw } from './outbox.ts';
import type { Surroundings } from './surroundings.ts';
import { uuid4, uuid7 } from './uuid.ts';

/** The fate of a say on this side. Once it is kept it will be sent, whatever happens to the page. */
export type Keeping =
  | { readonly ok: true; readonly id: string; readonly clientSeq: number }
  | { readonly ok: false; readonly code: Code; readonly reason: string };

export interface SenderOptions {
  readonly slot: Slot;
  readonly surroundings: Surroundings;
  /** Sends a frame; false when there is no open connection. */
  readonly send: (up: UpJson) => boolean;
  /** Closes the connection and says hello anew. */
  readonly reconnect: () => void;
  /** The welcome is another person's: `moveTo` a slot of that one. */
  readonly onOtherPerson: () => void;
  readonly onKept: (said: UnsentSay) => void;
}

/** Without any receipt for this long, what is in flight is sent again: twice the time of a take-over. */
const receiptWithinMs = 8_000;

/** Keeps, sends and sends again one device's says. Decisions are in `flight.ts`; this performs them. */
export class Sender {
  readonly #options: SenderOptions;
  #slot: Slot;
  #device: KeptDevice;
  #flight: Flight | undefined;
  /** How far this device was stored when the newest hello was said. */
  #storedAtHello = 0;
  #window: number = limits.saysInFlightMax;
  #textCharsMax: number = limits.textCharsMax;
  /** The says that are on disk, with their numbers: a renumbered say is another value. */
  #kept: ReadonlySet<UnsentSay>;
  #writing: Promise<void> = Promise.resolve();
  #dirty = false;
  #stopRewind: (() => void) | undefined;
  #stopWaiting: (() => void) | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#slot = options.slot;
    this.#device = options.slot.device;
    this.#kept = new Set(this.#device.unsent);
  }

  get device(): KeptDevice {
    return this.#device;
  }

  /** Resolves when the say is on disk, or can not be taken. */
  async say(text: string, choiceId: string): Promise<Keeping> {
    const refusal = this.#refusal(text);
    if (refusal) return refusal;
    const { surroundings, onKept } = this.#options;
    const atMs = surroundings.nowMs();
    const id = uuid7(atMs, surroundings.randomBytes);
    this.#device = add(this.#device, { id, text, choiceId, atMs });
    try {
      await this.#keep();
    } catch (failure) {
      this.#device = withdraw(this.#device, id);
      return {
        ok: false,
        code: 'busy',
        reason: `Cannot keep the message on this device: ${String(failure)}`,
      };
    }
    const said = this.#device.unsent.find((one) => one.id === id);
    if (said) onKept(said);
    this.#pump();
    return { ok: true, id, clientSeq: said?.clientSeq ?? 0 };
  }

  /** The device that says hello now. */
  hello(): string {
    this.#storedAtHello = this.#device.storedUpTo;
    return this.#device.deviceId;
  }

  /**
   * The connection is open. False when hello must be said anew: the device took a new name, or belongs to
   * another person.
   */
  welcome(welcome: Welcome): boolean {
    this.#window = welcome.saysInFlightMax;
    this.#textCharsMax = welcome.textCharsMax;
    const known = { storedAtHello: this.#storedAtHello, freshDeviceId: this.#freshId() };
    return this.#perform(onWelcome(this.#device, welcome, known));
  }

  receipt(receipt: Receipt): void {
    if (!this.#flight) return; // It came over a connection that is being left; the next welcome tells more.
    this.#perform(onReceipt(this.#device, this.#flight, receipt, this.#freshId()));
  }

  disconnected(): void {
    this.#flight = undefined;
    this.#stopTimers();
  }

  /** Lets the device go, with what is unsent in it, and takes another one. */
  async moveTo(slot: Slot): Promise<void> {
    this.disconnected();
    await this.#writing.catch(() => {}); // The caller of that write was told.
    await this.#slot.release().catch(() => {}); // What can not be released now is released with the process.
    this.#slot = slot;
    this.#device = slot.device;
    this.#kept = new Set(slot.device.unsent);
  }

  async close(): Promise<void> {
    this.disconnected();
    await this.#writing.catch(() => {});
    await this.#slot.release();
  }

  #refusal(text: string): Keeping | undefined {
    if (text.trim() === '') return { ok: false, code: 'text_empty', reason: 'The message has no text.' };
    if (text.length > this.#textCharsMax) {
      const reason = `Cannot send ${text.length} characters: textCharsMax is ${this.#textCharsMax}`;
      return { ok: false, code: 'text_too_long', reason };
    }
    if (this.#device.unsent.length < outboxSaysMax) return undefined;
    const reason = `Cannot keep more than ${outboxSaysMax} messages that wait to be sent`;
    return { ok: false, code: 'too_many_in_flight', reason };
  }

  #perform(verdict: Verdict): boolean {
    switch (verdict.do) {
      case 'send':
        this.#take(verdict.device);
        this.#flight = verdict.flight;
        this.#awaitReceipt();
        this.#pump();
        return true;
      case 'rewind':
        this.#flight = verdict.flight;
        this.#rewindAfter(verdict.afterMs);
        return true;
      case 'rename':
        this.#flight = undefined;
        this.#take(verdict.device);
        this.#options.reconnect();
        return false;
      case 'reconnect':
        this.#flight = undefined;
        this.#options.reconnect();
        return false;
      case 'leave':
        this.#flight = undefined;
        this.#options.onOtherPerson();
        return false;
    }
  }

  /** Sends what may go. Nothing goes while a rewind is due: the order would break. */
  #pump(): void {
    if (!this.#flight || this.#stopRewind) return;
    const bounds = { window: this.#window, kept: this.#kept };
    for (const said of sendable(this.#device, this.#flight, bounds)) {
      if (!this.#options.send(sayFrame(said))) return;
      this.#flight = { ...this.#flight, sentUpTo: said.clientSeq };
      if (!this.#stopWaiting) this.#awaitReceipt();
    }
  }

  #rewindAfter(ms: number): void {
    if (this.#stopRewind) return;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#stopRewind = this.#options.surroundings.after(ms, () => {
      this.#stopRewind = undefined;
      if (!this.#flight) return;
      this.#flight = rewound(this.#device, this.#flight);
      this.#pump();
    });
  }

  /** Starts the wait for a receipt anew, or ends it when nothing is in flight. */
  #awaitReceipt(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    if (!this.#flight || this.#flight.sentUpTo <= this.#device.storedUpTo) return;
    this.#stopWaiting = this.#options.surroundings.after(receiptWithinMs, () => {
      this.#stopWaiting = undefined;
      if (this.#flight) this.#perform(onSilence(this.#flight));
    });
  }

  #stopTimers(): void {
    this.#stopRewind?.();
    this.#stopWaiting?.();
    this.#stopRewind = undefined;
    this.#stopWaiting = undefined;
  }

  /**
   * Takes a device that the server's word changed. A crash before it is written costs a repetition at most.
   */
  #take(device: KeptDevice): void {
    if (device === this.#device && device.unsent.every((said) => this.#kept.has(said))) return;
    this.#device = device;
    void this.#keep().then(
      () => this.#pump(),
      () => {}, // The server's word is asked again at every welcome.
    );
  }

  /** Writes the device as it is when the write before is done; calls that come meanwhile share one write. */
  #keep(): Promise<void> {
    if (this.#dirty) return this.#writing;
    this.#dirty = true;
    this.#writing = this.#writing
      .catch(() => {}) // The caller of that write was told.
      .then(async () => {
        this.#dirty = false;
        const device = this.#device;
        await this.#slot.write(device);
        this.#kept = new Set(device.unsent);
      });
    return this.#writing;
  }

  #freshId(): string {
    return uuid4(this.#options.surroundings.randomBytes);
  }
}

function sayFrame({ clientSeq, id, text, choiceId }: UnsentSay): UpJson {
  return { say: choiceId === '' ? { clientSeq, id, text } : { clientSeq, id, text, choiceId } };
}
