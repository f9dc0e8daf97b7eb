import type { MessageStore, StoredConversation } from '@rapport/history/history.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { retryUntil } from '@rapport/runtime/retry.ts';
import { newConversation } from '../conversation/state.ts';
import type { Actor, Damaged, Residents } from '../memory/residents.ts';
import type { LogEnd } from '../ownership/log-end.ts';
import { sequenceOf } from './batch.ts';
import { readRow } from './state-row.ts';

export interface ActivationOptions {
  readonly history: MessageStore;
  readonly residents: Residents;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly logEnd: Pick<LogEnd, 'saw' | 'reachesCheckpoint' | 'rowsBeyond'>;
  /** Whether this host is writing that conversation's answer. */
  readonly isWriting: (name: string) => boolean;
  /** Puts into the log that the host which was writing the answer is gone. */
  readonly turnLost: (
    key: ConversationKey,
    turn: { readonly turnId: string; readonly attempt: number },
  ) => void;
}

/**
 * Brings conversations into memory. One read loads all that a batch misses. Where a row says that an answer
 * is being written and this host is not writing it, the answer's host is gone: the log gets a `turn_lost`,
 * and the fold begins the answer again.
 */
export class Activation {
  readonly #options: ActivationOptions;

  constructor(options: ActivationOptions) {
    this.#options = options;
  }

  /**
   * The actor of each key, in the order of the keys. Waits for as long as the store cannot be read. Rejects
   * when the host stops, or when the log is an older one.
   */
  async activate(keys: readonly ConversationKey[]): Promise<readonly (Actor | Damaged)[]> {
    const { residents } = this.#options;
    const found: (Actor | undefined)[] = [];
    const missing = new Map<string, ConversationKey>();
    for (const [at, key] of keys.entries()) {
      if (isSame(key, keys[at - 1])) {
        found.push(found[at - 1]); // Says of one person that came together lie side by side.
        continue;
      }
      const name = conversationName(key);
      const resident = residents.get(name);
      if (resident === undefined) missing.set(name, key);
      found.push(resident);
    }
    const loaded = missing.size > 0 ? await this.#load(missing) : noActors;
    return found.map((actor, at) => actor ?? actorIn(loaded, keys[at]));
  }

  async #load(missing: ReadonlyMap<string, ConversationKey>): Promise<ReadonlyMap<string, Actor | Damaged>> {
    const actors = new Map<string, Actor | Damaged>();
    const keys = [...missing.values()];
    const rows = await this.#loadRows(keys);
    const beyond = await this.#beyondTheLog(keys, rows);
    for (const [at, key] of keys.entries()) {
      const name = conversationName(key);
      const actor = beyond.has(name) ? aheadOfTheLog(name) : actorOf(key, rows[at]);
      actors.set(name, actor);
      if ('damaged' in actor) {
        this.#options.log.error({ conversation: name, reason: actor.damaged }, 'cannot use a conversation');
        continue; // Not kept in memory, so that a repaired row is seen at once.
      }
      this.#options.residents.add(actor, rows[at]?.state.length ?? 0);
      const { turn } = actor.state.core;
      if (turn.at === 'running' && !this.#options.isWriting(name)) this.#options.turnLost(key, turn);
    }
    return actors;
  }

  #beyondTheLog(
    keys: readonly ConversationKey[],
    rows: readonly (StoredConversation | undefined)[],
  ): Promise<ReadonlySet<string>> {
    const { logEnd, signal } = this.#options;
    const positions = keys.map((key, at) => {
      return { name: conversationName(key), sequence: sequenceOf(rows[at]?.inSeq ?? 0) };
    });
    return logEnd.rowsBeyond(positions, signal);
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

function isSame({ creatorId, userId }: ConversationKey, other: ConversationKey | undefined): boolean {
  return userId === other?.userId && creatorId === other.creatorId;
}

const noActors: ReadonlyMap<string, Actor | Damaged> = new Map();

function actorIn(
  loaded: ReadonlyMap<string, Actor | Damaged>,
  key: ConversationKey | undefined,
): Actor | Damaged {
  const actor = key && loaded.get(conversationName(key));
  if (actor === undefined) throw new Error('Cannot find an actor that was loaded just now');
  return actor;
}

function aheadOfTheLog(name: string): Damaged {
  return { damaged: `the stored row of ${name} reaches beyond the log; its in_seq should be set back` };
}

function actorOf(key: ConversationKey, row: StoredConversation | undefined): Actor | Damaged {
  const { creatorId, userId } = key;
  const name = conversationName(key);
  if (row === undefined) return { name, creatorId, userId, state: newConversation, inSeq: 0 };
  const read = readRow(row.state);
  if ('unreadable' in read) return { damaged: `the stored state of ${name} ${read.unreadable}` };
  const { state, outbox, owed, kept } = read;
  return {
    name,
    creatorId,
    userId,
    state,
    inSeq: row.inSeq,
    ...(outbox.length > 0 && { outbox }),
    ...(owed.length > 0 && { owed }),
    ...(kept.length > 0 && { kept }),
  };
}
