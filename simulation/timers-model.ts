import { encodeBatch, encodeEnvelope } from '@rapport/proto/batch.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import { Fault } from '@rapport/runtime/fault.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import type { TimerKey, Timers } from '@rapport/stream/timers.ts';
import type { Chance } from './chance.ts';
import type { Fate } from './fate.ts';
import type { LogModel } from './log-model.ts';
import type { World } from './world.ts';

/** So late that the firing counts as past due. */
const pastDueMs = 31_000;

/** Durable timers: each puts its event into the log when its time has come, some late, some twice. */
export class TimersModel {
  readonly #world: World;
  readonly #log: LogModel;
  readonly #chance: Chance;
  readonly #pending = new Map<string, () => void>();
  #fired = 0;

  constructor(world: World, log: LogModel) {
    this.#world = world;
    this.#log = log;
    this.#chance = world.chance('timers');
  }

  open(fate: Fate): Timers {
    return {
      schedule: (timer) => this.#request(fate, () => this.#set(timer, timer.atMs - fate.clock.wallMs())),
      unschedule: (timer) => this.#request(fate, () => this.#pending.get(nameOf(timer))?.()),
    };
  }

  #request(fate: Fate, act: () => void): Promise<void> {
    const { faults } = this.#world;
    const way = { thereMs: this.#chance.between(1, 4), backMs: this.#chance.between(1, 20) };
    if (fate.isCutOff || faults.strikes('timers_refused')) return fate.ask(way, refuse);
    if (!faults.strikes('timers_unanswered')) return fate.ask(way, act);
    return fate.ask(way, () => {
      act();
      refuse();
    });
  }

  #set(timer: TimerKey, inMs: number): void {
    const name = nameOf(timer);
    this.#pending.get(name)?.();
    const { faults, time } = this.#world;
    const lateMs = faults.strikes('timer_late') ? this.#chance.between(100, pastDueMs) : 0;
    const cancel = time.after(inMs + lateMs, () => {
      this.#pending.delete(name);
      this.#fire(timer);
      if (faults.strikes('timer_twice')) time.after(this.#chance.between(1, 5_000), () => this.#fire(timer));
    });
    this.#pending.set(name, () => {
      this.#pending.delete(name);
      cancel();
    });
  }

  #fire({ creatorId, userId, timerId, generation }: TimerKey): void {
    this.#fired += 1;
    const partition = partitionOf({ creatorId, userId }, this.#log.partitions.length);
    const fired: Envelope = { creatorId, userId, event: { kind: 'timer_fired', timerId, generation } };
    this.#log.put({
      partition,
      given: encodeBatch([encodeEnvelope(fired)]),
      appendId: `timer-${this.#fired}`,
    });
  }
}

function nameOf({ creatorId, userId, timerId, generation }: TimerKey): string {
  return `${creatorId}/${userId}/${timerId}/${generation}`;
}

function refuse(): never {
  throw new Fault('busy', 'Cannot use the timer: no answer');
}
