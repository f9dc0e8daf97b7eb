import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { MessageStore } from '@rapport/history/history.ts';
import type { InferenceClient } from '@rapport/inference/client.ts';
import type { Event } from '@rapport/proto/envelope.ts';
import type { ConversationKey } from '@rapport/proto/identity.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { retryUntil } from '@rapport/runtime/retry.ts';
import { Appender } from '@rapport/stream/appender.ts';
import type { Stream } from '@rapport/stream/open-stream.ts';
import type { Owner } from '@rapport/stream/owners.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import type { Part } from './conversation/part.ts';
import { Dispatch } from './dispatch.ts';
import { Audience } from './memory/audience.ts';
import { type ResidentLimits, Residents } from './memory/residents.ts';
import type { Meters } from './meters.ts';
import { Checkpoints } from './ownership/checkpoints.ts';
import { Lease, type LeaseProfile } from './ownership/lease.ts';
import { LogEnd } from './ownership/log-end.ts';
import { Ownership } from './ownership/ownership.ts';
import { Performer } from './partition/performer.ts';
import { ReadAhead } from './partition/read-ahead.ts';
import { Worker } from './partition/worker.ts';
import { Turns } from './turns.ts';

export interface HostOptions {
  /** The name of this incarnation. Every start has another name. */
  readonly hostId: string;
  readonly stream: Pick<Stream, 'inbox' | 'lanes' | 'owners' | 'members' | 'timers'>;
  readonly history: MessageStore;
  readonly catalog: Catalog;
  readonly inference: InferenceClient;
  /** The parts of conversations that this host knows. Absent: all. */
  readonly parts?: readonly Part[];
  readonly residents: ResidentLimits;
  readonly checkpointMs: number;
  readonly keepMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: Meters;
  readonly lease: LeaseProfile;
  /** Called when a partition cannot go on because of a bug. */
  readonly onFailure: (failure: unknown) => void;
}

/** How often idle conversations are looked for, and gateways are asked. */
const tickMs = 1_000;
/** Each gateway is asked within this many ticks, an hour, whether it still has a conversation. */
const ticksPerRound = 3_600;

/** A partition that this host works on. */
interface Holding {
  readonly owner: Owner;
  readonly worker: Worker;
  readonly stop: AbortController;
  readonly running: Promise<void>;
}

/** An actor host: a worker for each partition that it owns, and what they share. */
export class Host {
  readonly #options: HostOptions;
  readonly #stop = new AbortController();
  readonly #audience = new Audience();
  readonly #residents: Residents;
  readonly #dispatch: Dispatch;
  readonly #turns: Turns;
  /** What this host itself puts into the log: how answers ended, and which were lost. */
  readonly #appender: Appender;
  readonly #checkpoints: Checkpoints;
  readonly #readAhead = new ReadAhead();
  readonly #lease: Lease;
  readonly #logEnd: LogEnd;
  readonly #ownership: Ownership;
  readonly #holdings = new Map<number, Holding>();
  readonly #endTicks: () => void;

  constructor(options: HostOptions) {
    const { hostId, stream, clock, log, history, inference, meters } = options;
    const { lanes } = stream;
    const signal = this.#stop.signal;
    this.#options = options;
    this.#residents = new Residents(options.residents);
    this.#dispatch = new Dispatch({
      lanes,
      hostId,
      clock,
      onGone: (gatewayId) => this.#audience.forgetGateway(gatewayId),
    });
    this.#turns = new Turns({ inference, history, clock, log, signal });
    this.#lease = new Lease(clock, options.lease);
    const { owners, inbox, members } = stream;
    this.#appender = new Appender({ inbox, name: hostId, meters, log, clock });
    this.#logEnd = new LogEnd({ inbox, clock, log });
    const { partitions } = inbox;
    this.#ownership = new Ownership({
      ...options,
      profile: options.lease,
      lease: this.#lease,
      members,
      owners,
      partitions,
      holdings: this,
      onLapse: () => meters.leaseLapses.inc(),
    });
    const onLost = (partition: number) => this.#ownership.lost(partition);
    this.#checkpoints = new Checkpoints({ ...options, owners, inbox, partitions, onLost });
    this.#endTicks = clock.every(tickMs, () => this.#tick());
  }

  /** Conversations in memory. */
  get residents(): { readonly size: number; readonly bytes: number } {
    return this.#residents;
  }

  /** Conversations with a session at some gateway. */
  get audience(): number {
    return this.#audience.size;
  }

  /** Records of the log that are not processed yet. */
  get pending(): number {
    return [...this.#holdings.values()].reduce((sum, { worker }) => sum + worker.pending, 0);
  }

  /** Bytes of records that are read and not yet processed. */
  get readAheadBytes(): number {
    return this.#readAhead.bytes;
  }

  /** Conversations that are set aside because their row reaches beyond the log. */
  get rowsAhead(): number {
    return this.#logEnd.rowsAhead;
  }

  get turns(): number {
    return this.#turns.size;
  }

  /** The partitions on which this host works. */
  get partitions(): readonly number[] {
    return [...this.#holdings.keys()];
  }

  epochOf(partition: number): number | undefined {
    return this.#holdings.get(partition)?.owner.epoch;
  }

  /** Becomes a member of the hosts, and takes the partitions that are free for it. */
  async start(): Promise<void> {
    await this.#ownership.start();
  }

  /**
   * Finishes the batches at work, writes the last checkpoints and lets go. Answers at work are begun again
   * elsewhere.
   */
  async stop(): Promise<void> {
    await this.#ownership.stop();
    this.#stop.abort();
    this.#endTicks();
    this.#dispatch.stop();
    this.#checkpoints.stop();
  }

  begin(owner: Owner): void {
    const { partition } = owner;
    const stop = new AbortController();
    const worker = this.#workerOf(owner, stop.signal);
    this.#checkpoints.follow(owner, worker);
    this.#holdings.set(partition, { owner, worker, stop, running: this.#run(worker, stop.signal) });
  }

  async handOver(partition: number): Promise<void> {
    await this.#end(partition);
    await this.#checkpoints.release(partition);
  }

  async drop(partition: number): Promise<void> {
    this.#checkpoints.forget(partition);
    await this.#end(partition);
  }

  confirm(partition: number): Promise<boolean> {
    return this.#checkpoints.confirm(partition);
  }

  #tick(): void {
    this.#residents.tick(this.#options.clock.monotonicMs());
    this.#ask(Math.ceil(this.#audience.size / ticksPerRound));
  }

  /**
   * Probes a few conversations per tick with an empty delivery. A gateway without a session of the
   * conversation replies with a detach. Without the probe, a detach that was lost would never be repaired.
   */
  #ask(conversations: number): void {
    for (const name of this.#audience.next(conversations)) {
      const key = keyOf(name);
      const epoch = this.epochOf(partitionOf(key, this.#options.stream.inbox.partitions)) ?? 0;
      for (const gatewayId of this.#audience.gatewaysOf(name))
        this.#dispatch.send(gatewayId, { key, epoch, pushes: [], messages: [] });
    }
  }

  async #run(worker: Worker, signal: AbortSignal): Promise<void> {
    try {
      await worker.run(signal);
    } catch (failure) {
      if (!signal.aborted) this.#options.onFailure(failure);
    }
  }

  /** Forgets everything about the partition: the next owner's state is newer. */
  async #end(partition: number): Promise<void> {
    const { partitions } = this.#options.stream.inbox;
    const isTheirs = (key: ConversationKey) => partitionOf(key, partitions) === partition;
    const isTheirsByName = (name: string) => isTheirs(keyOf(name));
    const holding = this.#holdings.get(partition);
    holding?.stop.abort();
    await holding?.running;
    this.#turns.forget(isTheirsByName);
    this.#residents.forget(isTheirs);
    this.#audience.forget(isTheirsByName);
    this.#holdings.delete(partition);
  }

  #workerOf(owner: Owner, signal: AbortSignal): Worker {
    const { stream, history, catalog, parts, clock, log, meters } = this.#options;
    const { partition, epoch, checkpoint } = owner;
    const dispatch = this.#dispatch;
    const append = (key: ConversationKey, event: Event) => this.#append(key, event, signal);
    return new Worker({
      ...(parts && { parts }),
      partition,
      epoch,
      afterSequence: checkpoint,
      running: owner.running.map(keyOf),
      inbox: stream.inbox,
      lanes: stream.lanes,
      timers: stream.timers,
      performer: new Performer({ epoch, audience: this.#audience, dispatch, turns: this.#turns, append }),
      readAhead: this.#readAhead,
      residents: this.#residents,
      isWriting: (name) => this.#turns.current(name) !== undefined,
      turnLost: (key, turn) => this.#turnLost(key, turn, signal),
      signal,
      lease: this.#lease,
      logEnd: this.#logEnd,
      history,
      catalog,
      clock,
      log,
      meters,
    });
  }

  #turnLost(
    key: ConversationKey,
    { turnId, attempt }: { readonly turnId: string; readonly attempt: number },
    signal: AbortSignal,
  ): void {
    void this.#append(key, { kind: 'turn_lost', turnId, attempt }, signal).catch((failure) => {
      this.#options.log.warn(
        { turnId, reason: reasonOf(failure) },
        'stopped before a lost turn was begun again',
      );
    });
  }

  /**
   * Tries for as long as this host holds the partition: without the end of an answer its person waits for
   * ever. Without the lease it waits, because after a pause another host may be the owner, and this host must
   * not end that owner's turns. When the partition is lost, the next owner begins the answer again. The log
   * may get an event twice, when an append was taken and not answered; the fold knows it by turn and attempt.
   */
  #append(key: ConversationKey, event: Event, signal: AbortSignal): Promise<void> {
    const { stream, clock } = this.#options;
    const { creatorId, userId } = key;
    const partition = partitionOf(key, stream.inbox.partitions);
    const append = async () => {
      await this.#lease.ensure(signal);
      await this.#appender.append(partition, { creatorId, userId, event });
    };
    return retryUntil(append, {
      backoff: { firstMs: 100, mostMs: 2_000 },
      clock,
      signal,
      onFailure: () => undefined, // The appender logs each append that was given up.
    });
  }
}

function keyOf(name: string): ConversationKey {
  const [creatorId = '', userId = ''] = name.split('/');
  return { creatorId, userId };
}
