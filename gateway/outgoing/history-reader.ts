import { type MessageStore, type PageRange, type StoredMessage, shown } from '@rapport/history/history.ts';
import type { ConversationKey } from '@rapport/proto/identity.ts';
import { Slots } from '@rapport/runtime/slots.ts';

/** Reads of the store at once: after a restart everybody comes back at the same time. */
const readsMax = 32;
/** One history frame: several fit under the bound of unsent bytes. */
const historyCharsMax = 60 * 1024;

/** A page, and whether there is more in the direction asked for. */
export interface ReadPage {
  readonly messages: readonly StoredMessage[];
  readonly more: boolean;
}

/** Reads what was said, not too many at once. */
export class HistoryReader {
  readonly #store: Pick<MessageStore, 'page'>;
  readonly #slots = new Slots(readsMax);

  constructor(store: Pick<MessageStore, 'page'>) {
    this.#store = store;
  }

  /**
   * The messages after `afterSeq` that are stored without a hole; none when the next one is not there yet.
   */
  async after(key: ConversationKey, afterSeq: number, limit: number): Promise<readonly StoredMessage[]> {
    const messages = await this.#slots.run(() => this.#store.page(key, { afterSeq, limit }));
    const hole = messages.findIndex(({ seq }, at) => seq !== afterSeq + 1 + at);
    return (hole < 0 ? messages : messages.slice(0, hole)).map(shown);
  }

  /** The messages nearest to the position, as many as one frame holds. */
  async page(key: ConversationKey, range: PageRange): Promise<ReadPage> {
    const oneMore = { ...range, limit: range.limit + 1 };
    const found = await this.#slots.run(() => this.#store.page(key, oneMore));
    const before = 'beforeSeq' in range;
    const nearest = (before ? found.toReversed() : found).map(shown);
    const fitting = fit(nearest.slice(0, range.limit));
    return { messages: before ? fitting.toReversed() : fitting, more: fitting.length < found.length };
  }
}

/** The first of these messages that one frame holds: one at least. */
export function fit(messages: readonly StoredMessage[]): readonly StoredMessage[] {
  let chars = 0;
  const over = messages.findIndex((message, at) => {
    chars += JSON.stringify(message).length;
    return at > 0 && chars > historyCharsMax;
  });
  return over < 0 ? messages : messages.slice(0, over);
}
