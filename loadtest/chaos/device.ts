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
  /** The folder that keeps its outbox from one life to the next. */
  readonly folder: string;
  /** The mean pause between two says. */
  readonly pauseMs: number;
  /** The mean number of says between two reloads; Infinity: the device never reloads. */
  readonly saysPerLife: number;
  readonly text: (number: number) => string;
  readonly chance: Chance;
}

/** How many of the newest messages a new life asks for, as a page does that is loaded again. */
const tail = 20;

/** The real SDK of a person who goes on talking, with a journal of everything that it shows and promises. */
export class ChaosDevice implements DeviceJournal {
  readonly device: string;
  readonly said: SaidEntry[] = [];
  readonly receipts: ReceiptEntry[] = [];
  readonly views: (readonly ShownMessage[])[] = [];
  readonly connections: ConnectionEntry[] = [];
  readonly #options: DeviceOptions;
  #client: Rapport;
  #storedSaidMs = 0;
  /** Ids of says that are not known to be stored yet. */
  readonly #waiting = new Set<string>();

  constructor(options: DeviceOptions) {
    this.device = options.device;
    this.#options = options;
    this.#client = this.#open();
  }

  get state(): RapportState {
    return this.#client.state();
  }

  /** When the newest say was said that is known to be stored. */
  get storedSaidMs(): number {
    return this.#storedSaidMs;
  }

  /** Talks until the signal aborts. */
  async talk(signal: AbortSignal): Promise<void> {
    const { pauseMs, saysPerLife, chance } = this.#options;
    while (!signal.aborted) {
      const ms = chance.between(pauseMs / 2, pauseMs * 1.5);
      await sleep(ms, undefined, { signal }).catch(() => {}); // The signal aborted.
      if (signal.aborted) return;
      if (chance.happens(1 / saysPerLife)) await this.#reload();
      await this.#say();
    }
  }

  /** Leaves. The messages shown at that moment are the last view. */
  async close(): Promise<void> {
    const view: ShownMessage[] = [];
    show(view, this.state.messages);
    this.views.push(view);
    await this.#client.close();
  }

  /** A say that the SDK refuses, because its outbox is full, was never promised. */
  async #say(): Promise<void> {
    const text = `${this.device} ${this.said.length + 1}: ${this.#options.text(this.said.length)}`;
    const atMs = performance.now();
    const kept = await this.#client.say(text);
    if (!kept.ok) return;
    this.said.push({ id: kept.id, text, atMs });
    this.#waiting.add(kept.id);
  }

  /** Leaves while messages are on their way, as a closed page does. */
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

  /** A say that no longer waits is stored: a new welcome said so, or its message has arrived. */
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
 * Notes new messages at the end of the view. Where messages that were shown before have changed, it notes
 * everything anew, and the checker finds the difference.
 */
function show(view: ShownMessage[], messages: RapportState['messages']): void {
  const last = view.at(-1);
  const at = last === undefined ? -1 : messages.findLastIndex(({ seq }) => seq === last.seq);
  for (const { seq, id } of messages.slice(at + 1)) view.push({ seq, id });
}
