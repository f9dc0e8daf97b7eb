import type {
  ConversationWrite,
  EncodedMessage,
  MessageStore,
  PageRange,
  StoredConversation,
  StoredMessage,
} from '@rapport/history/history.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import type { Chance } from './chance.ts';
import type { Fate } from './fate.ts';
import { watchRow } from './row-watch.ts';
import type { World } from './world.ts';

interface Kept {
  readonly row: StoredConversation;
  /** The row that `row` replaced. */
  readonly earlier: StoredConversation | undefined;
  readonly messages: StoredMessage[];
}

/**
 * The store: rows that never go back to an older position of the log. The store may be slow, refuse, write
 * and not answer, and write long after the writer was told that the write failed, or has died.
 */
export class StoreModel {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #kept = new Map<string, Kept>();

  constructor(world: World) {
    this.#world = world;
    this.#chance = world.chance('store');
  }

  get names(): readonly string[] {
    return [...this.#kept.keys()];
  }

  /** In order of seq. */
  messages(name: string): readonly StoredMessage[] {
    return this.#kept.get(name)?.messages ?? [];
  }

  row(name: string): StoredConversation | undefined {
    return this.#kept.get(name)?.row;
  }

  open(fate: Fate): MessageStore {
    return {
      load: (keys) => this.#read(fate, () => keys.map((key) => this.#kept.get(conversationName(key))?.row)),
      page: (key, range) => this.#read(fate, () => this.#page(key, range)),
      commit: (writes) => this.#commit(fate, JSON.stringify(writes)),
      ping: async () => undefined,
      close: async () => undefined,
    };
  }

  #read<T>(fate: Fate, look: () => T): Promise<T> {
    if (this.#world.faults.strikes('read_refused')) return fate.ask(this.#way(), refuse);
    return fate.ask(this.#way(), look);
  }

  #page(key: ConversationKey, range: PageRange): readonly StoredMessage[] {
    const messages = this.messages(conversationName(key));
    const wanted =
      'afterSeq' in range
        ? messages.filter(({ seq }) => seq > range.afterSeq).slice(0, range.limit)
        : messages.filter(({ seq }) => seq < range.beforeSeq).slice(-range.limit);
    return structuredClone(wanted);
  }

  #commit(fate: Fate, given: string): Promise<void> {
    const { faults, time } = this.#world;
    const put = () => {
      const writes: readonly ConversationWrite[] = JSON.parse(given);
      for (const write of writes) this.#put(fate.name, write);
    };
    if (faults.strikes('store_refused')) return fate.ask(this.#way(), refuse);
    if (faults.strikes('store_late')) {
      time.after(this.#chance.between(30, 8_000), put);
      return fate.ask({ thereMs: 5, backMs: this.#chance.between(5, 2_000) }, refuse);
    }
    if (faults.strikes('writer_dies')) {
      return fate.ask(this.#way(), () => {
        put();
        fate.die();
      });
    }
    if (faults.strikes('store_unanswered')) {
      return fate.ask(this.#way(), () => {
        put();
        refuse();
      });
    }
    return fate.ask(this.#way(), put);
  }

  #put(writer: string, write: ConversationWrite): void {
    const name = conversationName(write);
    const { state, inSeq, epoch, topSeq } = write;
    const world = this.#world;
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.row.inSeq > inSeq) {
      world.tell('store', `${name} ignores ${writer}'s older write to seq ${topSeq}`);
      return;
    }
    const messages = kept?.messages ?? [];
    const row = { state, inSeq, epoch, topSeq };
    const isAgain = kept?.row.inSeq === inSeq && kept.row.epoch === epoch;
    const earlier = isAgain ? kept.earlier : kept?.row;
    if (kept !== undefined && !isAgain)
      watchRow(world, { name, earlier: kept.earlier, before: kept.row, after: row });
    for (const message of write.messages) this.#keep(name, messages, message);
    this.#kept.set(name, { row, earlier, messages });
    world.tell('store', `${name} seq ${topSeq} epoch ${epoch} by ${writer}`);
    if (messages.length !== topSeq) {
      world.fail('seq is dense', `${name} has ${messages.length} messages and topSeq ${topSeq}`);
    }
  }

  #keep(name: string, messages: StoredMessage[], { seq, json }: EncodedMessage): void {
    const message: StoredMessage = JSON.parse(json);
    const before = messages[seq - 1];
    if (before === undefined) {
      if (seq !== messages.length + 1)
        this.#world.fail('seq is dense', `${name} got ${seq} after ${messages.length}`);
      messages.push(message);
    } else if (JSON.stringify(before) !== json) {
      const [was, is] = [before, message].map(({ role, text }) => `${role} "${text}"`);
      this.#world.fail('a stored message never changes', `${name} ${seq} was ${was}, is ${is}`);
    }
  }

  #way(): { readonly thereMs: number; readonly backMs: number } {
    const slowMs = this.#world.faults.strikes('store_slow') ? this.#chance.between(50, 4_000) : 0;
    const late = this.#chance.happens(0.5);
    return {
      thereMs: this.#chance.between(1, 5) + (late ? slowMs : 0),
      backMs: 1 + (late ? 0 : slowMs),
    };
  }
}

function refuse(): never {
  throw new Fault('history_unavailable', 'Cannot use the store: it does not answer');
}
