// Hop 6 of 12: actors/partition/worker - owns a partition and reads it in order from its own checkpoint.
import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { Control, Controls } from '@rapport/proto/control.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { retryUntil } from '@rapport/runtime/retry.ts';
import type { Inbox, LogRecord } from '@rapport/stream/inbox.ts';
import type { Lanes } from '@rapport/stream/lanes.ts';
import type { Part } from '../conversation/part.ts';
import type { Meters } from '../meters.ts';
import { Activation, type ActivationOptions } from './activation.ts';
import { envelopesIn, fold, type OpenRecord, openRecord, type Touched } from './batch.ts';
import { type CommitOptions, commit } from './commit.ts';
import type { Performer } from './performer.ts';
import type { ReadAhead, Reserve } from './read-ahead.ts';
import { RecordedEffects, type RecordedEffectsOptions } from './recorded-effects.ts';

/** Events of one batch: a commit of 512 still takes a few milliseconds. */
const batchEventsMax = 512;
/** Controls that wait for the loop. What is dropped beyond, gateways announce again. */
const controlsMax = 65_536;

export interface WorkerOptions extends ActivationOptions, CommitOptions, RecordedEffectsOptions {
  readonly partition: number;
  readonly inbox: Pick<Inbox, 'read' | 'bury'>;
  readonly lanes: Pick<Lanes, 'onControls'>;
  readonly catalog: Pick<Catalog, 'creator'>;
  /** Absent: all parts. */
  readonly parts?: readonly Part[];
  readonly performer: Performer;
  /** Shared by the host's partitions. */
  readonly readAhead: ReadAhead;
  readonly meters: Meters;
  readonly log: Log;
  /** Reading begins after this record of the log. */
  readonly afterSequence: number;
  /** Conversations with an answer being written at that point. */
  readonly running: readonly ConversationKey[];
}

/**
 * The batch loop of one partition: takes the records that have arrived, loads the states that they need
 * together, decides each event, commits all, performs the effects. One batch follows the other, so no event
 * overtakes another one of its conversation.
 */
export class Worker {
  readonly #partition: number;
  readonly #options: WorkerOptions;
  readonly #activation: Activation;
  readonly #recorded: RecordedEffects;
  readonly #records: LogRecord[] = [];
  readonly #reserve: Reserve;
  /** Records that the log had after the newest one that was read. */
  #unread = 0;
  /**
   * Conversations with an answer being written. A new owner must know them, or these answers would never
   * end.
   */
  readonly #running = new Map<string, ConversationKey>();
  #controls: { readonly gatewayId: string; readonly control: Control }[] = [];
  /** Sequence of the newest record whose effects are performed. */
  #performed: number;
  #wake: () => void = () => undefined;

  constructor(options: WorkerOptions) {
    this.#partition = options.partition;
    this.#options = options;
    this.#reserve = options.readAhead.open();
    this.#performed = options.afterSequence;
    this.#recorded = new RecordedEffects(options);
    this.#activation = new Activation({
      ...options,
      turnLost: (key, turn) => {
        this.#running.set(conversationName(key), key);
        options.turnLost(key, turn);
      },
    });
  }

  /** Records of the log that are not processed yet. */
  get pending(): number {
    return this.#records.length + this.#unread;
  }

  get running(): readonly string[] {
    return [...this.#running.keys()];
  }

  get performed(): number {
    return this.#performed;
  }

  /**
   * Runs until the signal aborts, and finishes the batch at work. Rejects when the partition cannot go on.
   */
  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake();
    signal.addEventListener('abort', wake);
    const endControls = this.#options.lanes.onControls(this.#partition, (controls) => this.#take(controls));
    const failed = new AbortController();
    const reading = this.#read(AbortSignal.any([signal, failed.signal]));
    try {
      await this.#options.logEnd.reachesCheckpoint(this.#options.afterSequence, signal);
      await this.#activation.activate(this.#options.running);
      while (!signal.aborted) {
        if (this.#records.length === 0 && this.#controls.length === 0) await this.#arrival(signal);
        await this.#turn();
      }
    } finally {
      failed.abort();
      this.#reserve.close();
      endControls();
      signal.removeEventListener('abort', wake);
      await reading;
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    const { inbox, afterSequence } = this.#options;
    for await (const record of inbox.read(this.#partition, afterSequence, signal)) {
      this.#records.push(record);
      this.#options.logEnd.saw(record.sequence);
      this.#unread = record.pending;
      this.#wake();
      await this.#reserve.hold(record.bytes.length);
    }
  }

  #take({ gatewayId, controls }: Controls): void {
    if (this.#controls.length >= controlsMax) return;
    for (const control of controls) this.#controls.push({ gatewayId, control });
    this.#wake();
  }

  #arrival(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (signal.aborted) resolve();
    });
  }

  async #turn(): Promise<void> {
    const records = this.#nextRecords();
    const controls = this.#controls;
    this.#controls = [];
    if (records.length > 0) await this.#batch(records);
    if (controls.length > 0) await this.#control(controls);
  }

  #nextRecords(): readonly OpenRecord[] {
    const opened: OpenRecord[] = [];
    let events = 0;
    for (const record of this.#records) {
      if (events >= batchEventsMax) break;
      const open = openRecord(record);
      opened.push(open);
      events += open.entries.length;
    }
    this.#records.splice(0, opened.length);
    return opened;
  }

  async #batch(records: readonly OpenRecord[]): Promise<void> {
    const { meters, performer, clock } = this.#options;
    const nowUs = clock.wallMs() * 1_000;
    for (const record of records) meters.readLag.observe(Math.max(0, nowUs - record.timeUs) / 1e6);
    const endLoad = meters.load.startTimer();
    const actors = await this.#activation.activate(envelopesIn(records));
    endLoad();
    const endDecide = meters.decide.startTimer();
    const { touched, poison, unreadable, again, events } = fold(records, { ...this.#options, actors });
    endDecide();
    for (const { envelope, failure } of poison)
      await this.#bury(Buffer.from(JSON.stringify(envelope)), failure);
    for (const { bytes, unreadable: reason } of unreadable) await this.#bury(bytes, reason);
    await this.#options.lease.ensure(this.#options.signal);
    await this.#recorded.replay(again);
    await this.#store(touched);
    const endPerform = meters.perform.startTimer();
    performer.perform(touched);
    endPerform();
    await this.#recorded.perform(touched);
    this.#performed = records.at(-1)?.sequence ?? this.#performed;
    for (const { bytes } of records) this.#reserve.release(bytes.length);
    meters.batchEvents.observe(events);
    meters.events.inc(events);
  }

  async #store(touched: readonly Touched[]): Promise<void> {
    const end = this.#options.meters.commit.startTimer();
    await commit(touched, this.#options);
    end();
    for (const { actor } of touched) {
      if (actor.state.core.turn.at === 'running') this.#running.set(actor.name, actor);
      else this.#running.delete(actor.name);
    }
  }

  async #control(
    controls: readonly { readonly gatewayId: string; readonly control: Control }[],
  ): Promise<void> {
    const attaching = controls
      .filter(({ control }) => control.kind === 'attach')
      .map(({ control }) => control);
    const actors = await this.#activation.activate(attaching);
    const actorOf = new Map(attaching.map((control, at) => [control, actors[at]]));
    await this.#options.lease.ensure(this.#options.signal);
    for (const { gatewayId, control } of controls)
      this.#options.performer.control(gatewayId, control, actorOf.get(control));
  }

  /** Puts an entry into DEAD, so that the partition goes on. */
  async #bury(bytes: Uint8Array, failure: unknown): Promise<void> {
    const { inbox, log, meters, clock, signal } = this.#options;
    const reason = reasonOf(failure);
    log.error({ partition: this.#partition, reason }, 'buried an event');
    meters.buried.inc();
    await retryUntil(() => inbox.bury({ partition: this.#partition, bytes, reason }), {
      backoff: { firstMs: 50, mostMs: 1_000 },
      clock,
      signal,
      onFailure: (why, waitMs) => log.warn({ reason: reasonOf(why), waitMs }, 'waiting for the log'),
    });
  }
}
