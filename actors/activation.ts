import type { MessageStore } from '@rapport/history/history.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { retryUntil } from '@rapport/runtime/retry.ts';
import { type Conversation, newConversation } from './conversation/state.ts';
import type { Actor, Residents } from './residents.ts';

export interface ActivationOptions {
  readonly history: MessageStore;
  readonly residents: Residents;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Is this host writing that conversation's answer? */
  readonly isWriting: (name: string) => boolean;
  /** Puts into the log that the answer's host is gone. */
  readonly turnLost: (
    key: ConversationKey,
    turn: { readonly turnId: string; readonly attempt: number },
  ) => void;
}

/**
 * Brings conversations into memory, all that a batch misses by one read. One that was stored in the middle of
 * an answer which nobody here is writing has lost its host: the log hears of it, and the fold begins the
 * answer again.
 */
export class Activation {
  readonly #options: ActivationOptions;

  constructor(options: ActivationOptions) {
    this.#options = options;
  }

  /** Waits for the store for as long as it takes. Rejects only when the host stops. */
  async activate(keys: readonly ConversationKey[]): Promise<(name: string) => Actor> {
    const { residents } = this.#options;
    const actors = new Map<string, Actor>();
    const missing = new Map<string, ConversationKey>();
    for (const key of keys) {
      const name = conversationName(key);
      if (actors.has(name) || missing.has(name)) continue;
      const resident = residents.get(name);
      if (resident === undefined) missing.set(name, key);
      else actors.set(name, resident);
    }
    if (missing.size > 0) await this.#load(missing, actors);
    return (name) => {
      const actor = actors.get(name);
      if (actor === undefined) throw new Error(`Cannot find ${name}: it is not in this batch`);
      return actor;
    };
  }

  async #load(missing: ReadonlyMap<string, ConversationKey>, actors: Map<string, Actor>): Promise<void> {
    const keys = [...missing.values()];
    const rows = await this.#loadRows(keys);
    for (const [at, key] of keys.entries()) {
      const row = rows[at];
      // Decoder: we wrote it.
      const state = row === undefined ? newConversation : (JSON.parse(row.state) as Conversation);
      const actor: Actor = { creatorId: key.creatorId, userId: key.userId, state, inSeq: row?.inSeq ?? 0 };
      const name = conversationName(key);
      actors.set(name, actor);
      this.#options.residents.add(name, actor);
      if (state.turn.at === 'running' && !this.#options.isWriting(name))
        this.#options.turnLost(key, state.turn);
    }
  }

  #loadRows(keys: readonly ConversationKey[]) {
    const { history, clock, log, signal } = this.#options;
    return retryUntil(() => history.load(keys), {
      backoff: { firstMs: 20, mostMs: 1_000 },
      clock,
      signal,
      onFailure: (failure, waitMs) =>
        log.warn({ reason: reasonOf(failure), waitMs }, 'waiting for the store to read'),
    });
  }
}
