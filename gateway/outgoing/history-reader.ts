import { type MessageStore, type PageRange, type StoredMessage, shown } from '@rapport/history/history.ts';
import type { ConversationKey } from '@rapport/proto/identity.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { ReadQueue } from './read-queue.ts';

/** One history frame: several fit under the bound of unsent bytes. */
const historyCharsMax = 60 * 1024;

/** A page, and whether there is more in the direction asked for. */
export interface ReadPage {
  readonly messages: readonly StoredMessage[];
  readonly more: boolean;
}

export interface HistoryReaderOptions {
  readonly history: Pick<MessageStore, 'page'>;
  readonly limits: Limits;
  readonly clock: Clock;
}

/**
 * Reads what was said, not too much at once. `isWanted` says, when the read's time has come, whether its
 * client is still there. Nothing is read for a client that has gone, and the answer is empty.
 */
export class HistoryReader {
  readonly #history: Pick<MessageStore, 'page'>;
  readonly #queue: ReadQueue;

  constructor(options: HistoryReaderOptions) {
    this.#history = options.history;
    this.#queue = new ReadQueue(options);
  }

  /**
   * The messages after `afterSeq` that are stored without a hole; none when the next one is not there yet.
   */
  async after(
    key: ConversationKey,
    { afterSeq, limit }: { readonly afterSeq: number; readonly limit: number },
    isWanted: () => boolean,
  ): Promise<readonly StoredMessage[]> {
    const messages = await this.#read(key, { afterSeq, limit }, isWanted);
    const hole = messages.findIndex(({ seq }, at) => seq !== afterSeq + 1 + at);
    return (hole < 0 ? messages : messages.slice(0, hole)).map(shown);
  }

  /** The messages nearest to the position, as many as one frame holds. */
  async page(key: ConversationKey, range: PageRange, isWanted: () => boolean): Promise<ReadPage> {
    const found = await this.#read(key, { ...range, limit: range.limit + 1 }, isWanted);
    const before = 'beforeSeq' in range;
    const nearest = (before ? found.toReversed() : found).map(shown);
    const fitting = fit(nearest.slice(0, range.limit));
    return { messages: before ? fitting.toReversed() : fitting, more: fitting.length < found.length };
  }

  async #read(
    key: ConversationKey,
    range: PageRange,
    isWanted: () => boolean,
  ): Promise<readonly StoredMessage[]> {
    return (await this.#queue.run(key, isWanted, () => this.#history.page(key, range))) ?? [];
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
