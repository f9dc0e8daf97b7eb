import type { Catalog } from '@rapport/catalog/catalog.ts';
import type { MessageStore } from '@rapport/history/history.ts';
import type { InferenceClient } from '@rapport/inference/client.ts';
import type { Event } from '@rapport/proto/envelope.ts';
import { type ConversationKey, conversationName } from '@rapport/proto/identity.ts';
import type { Clock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { retryUntil } from '@rapport/runtime/retry.ts';
import type { Stream } from '@rapport/stream/open-stream.ts';
import type { Owner } from '@rapport/stream/owners.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import { Audience } from './audience.ts';
import { Checkpoints } from './checkpoints.ts';
import { Dispatch } from './dispatch.ts';
import type { Meters } from './meters.ts';
import { Performer } from './perform.ts';
import { Residents } from './residents.ts';
import { Turns } from './turns.ts';
import { Worker } from './worker.ts';

export interface HostOptions {
  /** This incarnation's name: another one for every start. */
  readonly hostId: string;
  readonly stream: Pick<Stream, 'inbox' | 'lanes' | 'owners'>;
  readonly history: MessageStore;
  readonly catalog: Catalog;
  readonly inference: InferenceClient;
  readonly residentsMax: number;
  readonly checkpointMs: number;
  readonly keepMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly meters: Meters;
  /** Called when a partition can not go on: somebody else owns it, or there is a bug. */
  readonly onFailure: (failure: unknown) => void;
}

/** An actor host: a worker for each partition, and what they share. */
export class Host {
  readonly #options: HostOptions;
  readonly #stop = new AbortController();
  readonly #audience = new Audience();
  readonly #residents: Residents;
  readonly #dispatch: Dispatch;
  readonly #turns: Turns;
  readonly #checkpoints: Checkpoints;
  readonly #workers: Worker[] = [];
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: HostOptions) {
    const { hostId, stream, clock, log, history, inference } = options;
    const { lanes } = stream;
    const signal = this.#stop.signal;
    this.#options = options;
    this.#residents = new Residents(options.residentsMax);
    this.#dispatch = new Dispatch({
      lanes,
      hostId,
      clock,
      onGone: (gatewayId) => this.#audience.forgetGateway(gatewayId),
    });
    this.#turns = new Turns({ inference, history, clock, log, signal });
    const { owners, inbox } = stream;
    this.#checkpoints = new Checkpoints({ ...options, owners, inbox, partitions: inbox.partitions });
  }

  get residents(): number {
    return this.#residents.size;
  }

  /** Records of the log that are not processed yet. */
  get pending(): number {
    return this.#workers.reduce((sum, worker) => sum + worker.pending, 0);
  }

  get turns(): number {
    return this.#turns.size;
  }

  /** Takes every partition and begins to work on them. */
  async start(): Promise<void> {
    const { inbox, owners } = this.#options.stream;
    const partitions = Array.from({ length: inbox.partitions }, (_, partition) => partition);
    const owned = await Promise.all(
      partitions.map((partition) => owners.claim(partition, this.#options.hostId)),
    );
    this.#running = Promise.all(owned.map((owner) => this.#work(owner)));
  }

  /**
   * Finishes the batches at work, writes the last checkpoints and lets go. Answers at work are begun again
   * elsewhere.
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#dispatch.stop();
    await this.#checkpoints.stop();
  }

  async #work(owner: Owner): Promise<void> {
    const { signal } = this.#stop;
    try {
      const worker = this.#workerOf(owner);
      this.#workers.push(worker);
      this.#checkpoints.follow(owner, worker);
      await worker.run(signal);
    } catch (failure) {
      if (!signal.aborted) this.#options.onFailure(failure);
    }
  }

  #workerOf(owner: Owner): Worker {
    const { stream, history, catalog, clock, log, meters } = this.#options;
    const { partition, epoch, checkpoint } = owner;
    const dispatch = this.#dispatch;
    const append = (key: ConversationKey, event: Event, appendId: string) =>
      this.#append(key, event, appendId);
    return new Worker({
      partition,
      epoch,
      afterSequence: checkpoint,
      running: owner.running.map(keyOf),
      inbox: stream.inbox,
      lanes: stream.lanes,
      performer: new Performer({ epoch, audience: this.#audience, dispatch, turns: this.#turns, append }),
      residents: this.#residents,
      isWriting: (name) => this.#turns.current(name) !== undefined,
      turnLost: (key, turn) => this.#turnLost(key, turn),
      signal: this.#stop.signal,
      history,
      catalog,
      clock,
      log,
      meters,
    });
  }

  #turnLost(key: ConversationKey, turn: { readonly turnId: string; readonly attempt: number }): void {
    const { turnId, attempt } = turn;
    const appendId = `${conversationName(key)}/${turnId}/${attempt}/lost`;
    void this.#append(key, { kind: 'turn_lost', turnId, attempt }, appendId).catch((failure) => {
      this.#options.log.warn(
        { turnId, reason: reasonOf(failure) },
        'stopped before a lost turn was begun again',
      );
    });
  }

  /** Tries for as long as the host runs: an answer that was written must come back. */
  #append(key: ConversationKey, event: Event, appendId: string): Promise<void> {
    const { stream, clock, log } = this.#options;
    const { creatorId, userId } = key;
    const partition = partitionOf(key, stream.inbox.partitions);
    return retryUntil(() => stream.inbox.append(partition, [{ creatorId, userId, event }], appendId), {
      backoff: { firstMs: 100, mostMs: 2_000 },
      clock,
      signal: this.#stop.signal,
      onFailure: (failure, waitMs) => log.warn({ reason: reasonOf(failure), waitMs }, 'waiting for the log'),
    });
  }
}

function keyOf(name: string): ConversationKey {
  const [creatorId = '', userId = ''] = name.split('/');
  return { creatorId, userId };
}
