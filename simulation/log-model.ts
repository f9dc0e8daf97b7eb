import type { Envelope } from '@rapport/proto/envelope.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import type { Inbox, LogRecord } from '@rapport/stream/inbox.ts';
import type { Chance } from './chance.ts';
import type { Fate } from './fate.ts';
import type { World } from './world.ts';

/**
 * The log: every partition in order, an append known by its id. It may refuse an append, leave one that it
 * took unanswered, take one after it was given up, and hold back what it hands to a reader; what it has once
 * taken stays.
 */
export class LogModel {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #partitions: readonly LogRecord[][];
  readonly #appendIds = new Set<string>();
  readonly #waiting = new Set<() => void>();
  #sequence = 1_000;

  constructor(world: World, partitions: number) {
    this.#world = world;
    this.#chance = world.chance('log');
    this.#partitions = Array.from({ length: partitions }, () => []);
  }

  /** Everything that was ever appended, by partition. */
  get partitions(): readonly (readonly LogRecord[])[] {
    return this.#partitions;
  }

  holds(accepts: (envelope: Envelope) => boolean): boolean {
    return this.#partitions.some((records) =>
      records.some(({ envelopes }) => envelopes?.some(accepts) === true),
    );
  }

  /** The log as one process has it. */
  open(fate: Fate): Inbox {
    return {
      partitions: this.#partitions.length,
      append: (partition, envelopes, appendId) => {
        const given = JSON.stringify(envelopes); // On its way nobody shares it with the sender.
        return this.#append(fate, { partition, given, appendId });
      },
      read: (partition, afterSequence, signal) => this.#read(fate, { partition, afterSequence, signal }),
      newestBefore: async (timeMs) => {
        const old = this.#partitions.flat().filter(({ timeUs }) => timeUs < timeMs * 1_000);
        return Math.max(0, ...old.map(({ sequence }) => sequence));
      },
      purge: async () => undefined, // What was processed long ago is what the checks fold again.
      bury: async ({ reason }) => {
        this.#world.fail('no event is buried', `${fate.name} buried one: ${reason}`);
      },
    };
  }

  #append(
    fate: Fate,
    append: { readonly partition: number; readonly given: string; readonly appendId: string },
  ): Promise<void> {
    const { faults, time } = this.#world;
    const thereMs = this.#chance.between(1, 4);
    if (fate.isCutOff || faults.strikes('append_refused')) return fate.ask({ thereMs, backMs: 800 }, refuse);
    if (faults.strikes('append_late')) {
      time.after(this.#chance.between(50, 6_000), () => this.put(append));
      return fate.ask({ thereMs, backMs: this.#chance.between(20, 3_000) }, refuse);
    }
    if (faults.strikes('append_unanswered')) {
      return fate.ask({ thereMs, backMs: this.#chance.between(20, 3_000) }, () => {
        this.put(append);
        refuse();
      });
    }
    return fate.ask({ thereMs, backMs: 1 }, () => this.put(append));
  }

  /** One record, unless its append is known already. */
  put(append: { readonly partition: number; readonly given: string; readonly appendId: string }): void {
    const { partition, given, appendId } = append;
    const records = this.#partitions[partition];
    if (records === undefined) throw new Error(`Cannot append to partition ${partition}: there is none`);
    if (this.#appendIds.has(appendId)) return;
    this.#appendIds.add(appendId);
    this.#sequence += 1;
    const envelopes: readonly Envelope[] = JSON.parse(given);
    const timeUs = (1_800_000_000_000 + this.#world.time.nowMs) * 1_000;
    const sequence = this.#sequence;
    records.push({ partition, sequence, timeUs, pending: 0, envelopes, bytes: Buffer.from(given) });
    this.#world.tell('log', `${partition}/${sequence} ${envelopes.map(said).join(', ')}`);
    for (const wake of [...this.#waiting]) wake();
  }

  async *#read(
    fate: Fate,
    from: { readonly partition: number; readonly afterSequence: number; readonly signal: AbortSignal },
  ): AsyncIterable<LogRecord> {
    const records = this.#partitions[from.partition] ?? [];
    let last = from.afterSequence;
    while (!from.signal.aborted) {
      const record = records.find(({ sequence }) => sequence > last);
      if (record === undefined) {
        await this.#arrival(fate, from.signal);
        continue;
      }
      if (fate.isCutOff) {
        await this.#return(fate, from.signal);
        continue;
      }
      last = record.sequence;
      const pending = records.length - 1 - records.indexOf(record);
      yield { ...record, pending };
    }
  }

  #return(fate: Fate, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const back = () => {
        end();
        signal.removeEventListener('abort', back);
        resolve();
      };
      const end = fate.onReturn(back);
      signal.addEventListener('abort', back);
    });
  }

  /** Resolves a little after something new came, or when the reader stops. */
  #arrival(fate: Fate, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const arrived = () => {
        this.#waiting.delete(arrived);
        signal.removeEventListener('abort', arrived);
        const paused = this.#world.faults.strikes('log_paused') ? this.#chance.between(200, 3_000) : 0;
        fate.later(this.#chance.between(1, 3) + paused, resolve);
      };
      this.#waiting.add(arrived);
      signal.addEventListener('abort', arrived);
    });
  }
}

function refuse(): void {
  throw new Fault('busy', 'Cannot append: the log did not answer');
}

/** An envelope in the words of a trace. */
function said({ userId, event }: Envelope): string {
  const of = 'turnId' in event ? ` ${event.turnId}` : '';
  const detail =
    event.kind === 'said' ? ` ${event.deviceId.slice(0, 4)}:${event.clientSeq} "${event.text}"` : of;
  return `${userId} ${event.kind}${detail}`;
}
