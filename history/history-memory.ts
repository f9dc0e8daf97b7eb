import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import type {
  ConversationWrite,
  MessageStore,
  PageRange,
  StoredConversation,
  StoredMessage,
} from './history.ts';

interface Kept {
  conversation: StoredConversation;
  /** By seq, as JSON text like in a real store, so that callers share no object with the store. */
  readonly messages: Map<number, string>;
}

/** The twin of the real stores, for tests and simulations. */
export function openMemoryHistory(): MessageStore {
  return new MemoryHistory();
}

class MemoryHistory implements MessageStore {
  readonly #kept = new Map<string, Kept>();
  #closed = false;

  async load(keys: readonly ConversationKey[]): Promise<readonly (StoredConversation | undefined)[]> {
    await this.ping();
    return keys.map((key) => this.#kept.get(conversationName(key))?.conversation);
  }

  async commit(writes: readonly ConversationWrite[]): Promise<void> {
    await this.ping();
    for (const write of writes) this.#put(write);
  }

  async page(key: ConversationKey, range: PageRange): Promise<readonly StoredMessage[]> {
    await this.ping();
    const messages = this.#kept.get(conversationName(key))?.messages ?? new Map<number, string>();
    const inOrder = [...messages].sort(([left], [right]) => left - right);
    const wanted =
      'afterSeq' in range
        ? inOrder.filter(([seq]) => seq > range.afterSeq).slice(0, range.limit)
        : inOrder.filter(([seq]) => seq < range.beforeSeq).slice(-range.limit);
    return wanted.map(([, body]) => JSON.parse(body) as StoredMessage); // Decoder: put() wrote it.
  }

  async ping(): Promise<void> {
    if (this.#closed) throw new Fault('history_unavailable', 'Cannot use history in memory: it was closed');
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #put(write: ConversationWrite): void {
    const name = conversationName(write);
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.conversation.inSeq > write.inSeq) return;
    const { state, inSeq, epoch, topSeq } = write;
    const messages = kept?.messages ?? new Map<number, string>();
    for (const { seq, json } of write.messages) messages.set(seq, json);
    this.#kept.set(name, { conversation: { state, inSeq, epoch, topSeq }, messages });
  }
}
