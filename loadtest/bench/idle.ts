import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestCassandra } from '@rapport/history/cassandra-fixture.ts';
import { openHistory } from '@rapport/history/open-history.ts';
import type { Control } from '@rapport/proto/control.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { openStream, type Stream } from '@rapport/stream/open-stream.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import { startRapport } from '@rapport/tools/rapport-fixture.ts';
import { makeScratch } from '@rapport/tools/scratch.ts';
import { residentBytes } from '../process-meters.ts';
import { type IdlePerson, storeIdlePeople } from './resident-people.ts';

/** The cost of idle conversations in the memory of an actor host. */
export interface Idle {
  readonly conversations: number;
  /** The actor host's memory for one conversation, including its entry in the audience. */
  readonly rssBytes: number;
  readonly perGib: number;
  /** Conversations that were loaded from the store and whose attach was answered. */
  readonly activatedPerSecond: number;
}

export type HistoryName = 'sqlite' | 'cassandra';

/** Activated before the measurement: they pay for memory that a process needs only once. */
const firstCount = 5_000;
/** In one message of a gateway. */
const attachesPerMessage = 512;
/** Not answered yet. Well below the number that an owner queues, above which it drops them. */
const attachesAtOnce = 8_192;
/** By then the garbage of the activation is collected: the memory that stays is the conversations'. */
const settledAfterMs = 5_000;
/** An owner that answers nothing for so long has hung. */
const answerWithinMs = 20_000;
const gib = 1024 ** 3;

const log = createLog({ name: 'bench', level: 'warn' });

/** Stores idle conversations, starts Rapport, and activates them by the attaches of one gateway. */
export async function measureIdle(options: {
  readonly conversations: number;
  readonly history: HistoryName;
  readonly settleMs?: number;
}): Promise<Idle> {
  const { conversations, history, settleMs = settledAfterMs } = options;
  const scratch = await makeScratch('idle');
  const cassandra = history === 'cassandra' ? await startTestCassandra() : undefined;
  try {
    const historyUrl = cassandra?.newUrl() ?? `sqlite:${join(scratch.path, 'history.db')}`;
    const people = await storedPeople(historyUrl, firstCount + conversations);
    const env = {
      HISTORY_URL: historyUrl,
      ACTORS_RESIDENT_MIB: '65536',
      ACTORS_RESIDENT_MAX: '10000000',
      LOG_LEVEL: 'warn',
    };
    const rapport = await startRapport({ dataDir: scratch.path, env });
    const stream = await openStream({ url: rapport.natsUrl, name: 'bench', partitions: 0, log });
    try {
      return await activateAll(stream, people, { pid: rapport.pids.actors, settleMs });
    } finally {
      await stream.close();
      await rapport.stop();
    }
  } finally {
    await cassandra?.stop();
    await scratch.remove();
  }
}

async function storedPeople(historyUrl: string, count: number): Promise<readonly IdlePerson[]> {
  const store = openHistory(historyUrl, { log });
  const people = await storeIdlePeople(store, count);
  await store.close();
  return people;
}

async function activateAll(
  stream: Stream,
  people: readonly IdlePerson[],
  { pid, settleMs }: { readonly pid: number; readonly settleMs: number },
): Promise<Idle> {
  const gateway = new AttachingGateway({ stream });
  await gateway.attach(people.slice(0, firstCount));
  await sleep(settleMs);
  const before = await residentBytes(pid);
  const rest = people.slice(firstCount);
  const beganMs = performance.now();
  await gateway.attach(rest);
  const seconds = (performance.now() - beganMs) / 1_000;
  await sleep(settleMs);
  const rssBytes = Math.round(((await residentBytes(pid)) - before) / rest.length);
  gateway.end();
  return {
    conversations: rest.length,
    rssBytes,
    perGib: Math.floor(gib / rssBytes),
    activatedPerSecond: Math.round(rest.length / seconds),
  };
}

/** Behaves to owners as a gateway that attaches one session to each conversation and does nothing else. */
class AttachingGateway {
  readonly #id = `bench-${randomUUID()}`;
  readonly #options: { readonly stream: Stream };
  readonly end: () => void;
  #answered = 0;
  #wake: () => void = () => undefined;

  constructor(options: { readonly stream: Stream }) {
    this.#options = options;
    this.end = options.stream.lanes.onDeliveries(this.#id, ({ deliveries }) => {
      for (const { pushes } of deliveries)
        for (const push of pushes) if (push.to === 'session' && push.attached.topSeq > 0) this.#answered += 1;
      this.#wake();
    });
  }

  /** Resolves when every attach is answered from the conversation's row. */
  async attach(people: readonly IdlePerson[]): Promise<void> {
    this.#answered = 0;
    let asked = 0;
    while (this.#answered < people.length) {
      const more = people.slice(asked, Math.min(asked + attachesPerMessage, this.#answered + attachesAtOnce));
      this.#ask(more);
      asked += more.length;
      if (more.length === 0) await this.#progress();
    }
  }

  #ask(people: readonly IdlePerson[]): void {
    const { inbox, lanes } = this.#options.stream;
    const byPartition = Map.groupBy(people, (person) => partitionOf(person, inbox.partitions));
    for (const [partition, some] of byPartition) {
      lanes.toOwner(partition, { gatewayId: this.#id, controls: some.map(attachOf) });
    }
  }

  async #progress(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const late = setTimeout(
      () => reject(new Error(`Cannot activate conversations: no answer within ${answerWithinMs} ms`)),
      answerWithinMs,
    );
    try {
      await promise;
    } finally {
      clearTimeout(late);
    }
  }
}

function attachOf({ creatorId, userId, deviceId }: IdlePerson): Control {
  return { kind: 'attach', creatorId, userId, deviceId, sessionId: randomUUID(), sockets: 1 };
}
