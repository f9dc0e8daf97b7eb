import { creatorSchema } from '@rapport/catalog/creator.ts';
import { openMemoryHistory } from '@rapport/history/history-memory.ts';
import type { InferenceClient } from '@rapport/inference/client.ts';
import { encodeBatch, encodeEnvelope } from '@rapport/proto/batch.ts';
import type { Envelope, Event } from '@rapport/proto/envelope.ts';
import { systemClock as clock } from '@rapport/runtime/clock.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { Metrics } from '@rapport/runtime/metrics.ts';
import type { LogRecord } from '@rapport/stream/inbox.ts';
import type { TimerKey } from '@rapport/stream/timers.ts';
import { Dispatch } from '../dispatch.ts';
import { Audience } from '../memory/audience.ts';
import { Residents } from '../memory/residents.ts';
import { createMeters } from '../meters.ts';
import { Turns } from '../turns.ts';
import { Performer } from './performer.ts';
import { ReadAhead } from './read-ahead.ts';
import { Worker } from './worker.ts';

export const key = { creatorId: 'demo', userId: 'ann' };
const log = createLog({ name: 'crash', level: 'silent' });
const meters = createMeters(new Metrics('crash'));
const lanes = {
  toOwner: () => {},
  onControls: () => () => {},
  toGateway: () => {},
  pulse: async () => true,
  onDeliveries: () => () => {},
};

/** Where an incarnation dies: before or after its n-th call to the world outside. */
export interface DeathPoint {
  readonly call: number;
  readonly side: 'before' | 'after';
}

/** What a crash leaves: the log, the store, the timers, the checkpoint. One partition, one person. */
export class World {
  readonly history = openMemoryHistory();
  /** Timers that are to fire, by timerId and generation. */
  readonly timers = new Map<string, TimerKey>();
  checkpoint = { performed: 0, running: [] as readonly string[] };
  /** The calls of all incarnations, in order. */
  readonly calls: string[] = [];
  readonly #records: LogRecord[] = [];
  /** Readers that are at the end of the log. */
  #waiting: (() => void)[] = [];

  append(event: Event): void {
    this.#put([{ ...key, event }]);
  }

  /** Every timer's time comes. Each fires twice, as when the server dies in the middle. */
  fire(): void {
    for (const [name, { timerId, generation }] of this.timers) {
      for (let twice = 0; twice < 2; twice += 1)
        this.#put([{ ...key, event: { kind: 'timer_fired', timerId, generation } }]);
      this.timers.delete(name);
    }
  }

  async *read(afterSequence: number, signal: AbortSignal): AsyncIterable<LogRecord> {
    for (let at = 0; !signal.aborted; ) {
      const record = this.#records[at];
      if (record === undefined) {
        await new Promise<void>((resolve) => {
          this.#waiting.push(resolve);
          signal.addEventListener('abort', () => resolve());
        });
        continue;
      }
      at += 1;
      if (record.sequence > afterSequence) yield record;
    }
  }

  #put(envelopes: readonly Envelope[]): void {
    const sequence = this.#records.length + 1;
    const timeUs = sequence * 1_000_000;
    const bytes = Buffer.from(encodeBatch(envelopes.map(encodeEnvelope)));
    this.#records.push({ partition: 0, sequence, timeUs, pending: 0, bytes });
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** An owner of the partition. It goes on from the checkpoint until it dies; then it does nothing more. */
export class Incarnation {
  readonly worker: Worker;
  readonly #world: World;
  readonly #death: DeathPoint | undefined;
  readonly #stop = new AbortController();
  readonly #callsBefore: number;
  dead = false;

  constructor(world: World, death?: DeathPoint) {
    this.#world = world;
    this.#death = death;
    this.#callsBefore = world.calls.length;
    this.worker = this.#build();
    void this.worker.run(this.#stop.signal); // A dead incarnation never ends, like a process that is gone.
  }

  /** Ends the incarnation, so that nothing outlives a test. */
  end(): void {
    this.dead = true;
    this.#stop.abort();
  }

  /** One call to the outside, which may be this incarnation's last. */
  async #call<T>(name: string, make: () => T): Promise<Awaited<T>> {
    if (this.dead) return await never();
    this.#world.calls.push(name);
    const call = this.#world.calls.length - this.#callsBefore;
    const dies = (side: DeathPoint['side']) => this.#death?.call === call && this.#death.side === side;
    if (dies('before')) return await this.#die();
    const made = await make();
    if (dies('after')) return await this.#die();
    return made;
  }

  #die(): Promise<never> {
    this.dead = true;
    return never();
  }

  #build(): Worker {
    const world = this.#world;
    const { history, timers } = world;
    const { signal } = this.#stop;
    const append = (_: unknown, event: Event) =>
      this.#call(`append ${event.kind}`, () => world.append(event));
    const nameOf = ({ timerId, generation }: TimerKey) => `${timerId}.${generation}`;
    const mortalHistory = {
      ...history,
      load: (keys: Parameters<typeof history.load>[0]) => history.load(keys),
      page: (...page: Parameters<typeof history.page>) => history.page(...page),
      commit: (writes: Parameters<typeof history.commit>[0]) =>
        this.#call('commit', () => history.commit(writes)),
      ping: () => history.ping(),
      close: () => history.close(),
    };
    const turns = new Turns({ inference: coach, history: mortalHistory, clock, log, signal });
    const dispatch = new Dispatch({ lanes, hostId: 'host', clock, onGone: () => {} });
    dispatch.stop(); // No gateway is there.
    return new Worker({
      partition: 0,
      epoch: 1,
      afterSequence: world.checkpoint.performed,
      running: world.checkpoint.running.map(() => key),
      inbox: { read: (_, after, ends) => world.read(after, ends), bury: async () => {} },
      lanes,
      timers: {
        schedule: (timer) => this.#call('schedule', () => void timers.set(nameOf(timer), timer)),
        unschedule: (timer) => this.#call('unschedule', () => void timers.delete(nameOf(timer))),
      },
      performer: new Performer({ epoch: 1, audience: new Audience(), dispatch, turns, append }),
      readAhead: new ReadAhead(),
      residents: new Residents({ actorsMax: 100, bytesMax: 1_048_576, idleMs: 3_600_000 }),
      isWriting: (name) => turns.current(name) !== undefined,
      turnLost: (_, { turnId, attempt }) => void append(_, { kind: 'turn_lost', turnId, attempt }),
      signal,
      lease: { ensure: async () => {} },
      logEnd: { saw: () => {}, reachesCheckpoint: async () => {}, rowsBeyond: async () => new Set() },
      history: mortalHistory,
      catalog: { creator: () => ({ creator, version: 1 }) },
      clock,
      log,
      meters,
    });
  }
}

const creator = creatorSchema.parse({
  creatorId: 'demo',
  name: 'Demo',
  followUp: { afterSeconds: 60, text: 'How did it go?' },
});

const coach: InferenceClient = {
  async *generate() {
    yield { kind: 'delta', text: 'Sleep well.' };
  },
  close: async () => {},
};

function never(): Promise<never> {
  return new Promise(() => {});
}
