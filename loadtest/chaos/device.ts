import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '@rapport/simulation/chance.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import type { Rapport, RapportState } from '@rapport/widget/sdk/rapport.ts';
import { fileStorage } from '@rapport/widget/terminal/storage-file.ts';
import type { ConnectionEntry, DeviceJournal, ReceiptEntry, SaidEntry, ShownMessage } from './journal.ts';

export interface DeviceOptions {
  /** Unique in the whole run; the texts begin with it. */
  readonly device: string;
  readonly url: string;
  readonly creatorId: string;
  readonly token: string;
  /** Its outbox is kept there from one life to the next. */
  readonly folder: string;
  /** The mean pause between two says. */
  readonly pauseMs: number;
  /** Says between two reloads, about; Infinity: never. */
  readonly saysPerLife: number;
  readonly text: (number: number) => string;
  readonly chance: Chance;
}

/** The newest messages that a new life begins with, as a page that is loaded again does. */
const tail = 20;

/** The real SDK in the hands of a person who goes on talking, and a journal of what it shows and promises. */
export class ChaosDevice implements DeviceJournal {
  readonly device: string;
  readonly said: SaidEntry[] = [];
  readonly receipts: ReceiptEntry[] = [];
  readonly views: (readonly ShownMessage[])[] = [];
  readonly connections: ConnectionEntry[] = [];
  readonly #options: DeviceOptions;
  #client: Rapport;
  #storedSaidMs = 0;
  /** Ids of says of which nobody has said yet that they are stored. */
  readonly #waiting = new Set<string>();

  constructor(options: DeviceOptions) {
    this.device = options.device;
    this.#options = options;
    this.#client = this.#open();
  }

  get state(): RapportState {
    return this.#client.state();
  }

  /** When the newest say was said whose receipt is here. */
  get storedSaidMs(): number {
    return this.#storedSaidMs;
  }

  /** Talks until the signal aborts. */
  async talk(signal: AbortSignal): Promise<void> {
    const { pauseMs, saysPerLife, chance } = this.#options;
    while (!signal.aborted) {
      const ms = chance.between(pauseMs / 2, pauseMs * 1.5);
      await sleep(ms, undefined, { signal }).catch(() => {}); // Aborted.
      if (signal.aborted) return;
      if (chance.happens(1 / saysPerLife)) await this.#reload();
      await this.#say();
    }
  }

  /** Leaves; what is shown then is the last view. */
  async close(): Promise<void> {
    const view: ShownMessage[] = [];
    show(view, this.state.messages);
    this.views.push(view);
    await this.#client.close();
  }

  /** What the SDK does not take, an outbox that is full, was never promised. */
  async #say(): Promise<void> {
    const text = `${this.device} ${this.said.length + 1}: ${this.#options.text(this.said.length)}`;
    const atMs = performance.now();
    const kept = await this.#client.say(text);
    if (!kept.ok) return;
    this.said.push({ id: kept.id, text, atMs });
    this.#waiting.add(kept.id);
  }

  /** Leaves whatever is on its way, as a closed page does. */
  async #reload(): Promise<void> {
    await this.#client.close();
    this.#client = this.#open();
  }

  #open(): Rapport {
    const { url, creatorId, token, folder } = this.#options;
    const view: ShownMessage[] = [];
    this.views.push(view);
    const client = createRapport({
      url,
      creatorId,
      token,
      tail,
      storage: fileStorage(folder),
      onFrame: (frame) => {
        if (frame.kind === 'receipt' && frame.state === 'STORED') this.#receipt(frame);
      },
    });
    client.subscribe(({ messages, connection, pending }) => {
      show(view, messages);
      this.#connection(connection.at);
      if (connection.at === 'open') this.#settle(new Set(pending.map(({ id }) => id)));
    });
    return client;
  }

  #receipt({ id, seq }: { readonly id: string; readonly seq: number }): void {
    this.receipts.push({ id, seq, atMs: performance.now() });
    this.#waiting.delete(id);
    const said = this.said.findLast((one) => one.id === id);
    this.#storedSaidMs = Math.max(this.#storedSaidMs, said?.atMs ?? 0);
  }

  /** What does not wait any more was stored: a new welcome says so, or the message is there. */
  #settle(pending: ReadonlySet<string>): void {
    for (const id of this.#waiting) if (!pending.has(id)) this.#receipt({ id, seq: 0 });
  }

  #connection(at: RapportState['connection']['at']): void {
    const before = this.connections.at(-1)?.at ?? 'left';
    const now = at === 'open' ? 'open' : at === 'closed' || before === 'left' ? 'left' : 'lost';
    if (now !== before) this.connections.push({ at: now, atMs: performance.now() });
  }
}

/**
 * Notes what is new at the end; and everything anew where what was shown before has changed, which the
 * checker then finds.
 */
function show(view: ShownMessage[], messages: RapportState['messages']): void {
  const last = view.at(-1);
  const at = last === undefined ? -1 : messages.findLastIndex(({ seq }) => seq === last.seq);
  for (const { seq, id } of messages.slice(at + 1)) view.push({ seq, id });
}
