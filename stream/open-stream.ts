import type { NatsConnection } from '@nats-io/transport-node';
import { systemClock } from '@rapport/runtime/clock.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { connectNats } from './connect.ts';
import type { Inbox } from './inbox.ts';
import { openNatsInbox } from './inbox-nats.ts';
import type { Lanes } from './lanes.ts';
import { createNatsLanes } from './lanes-nats.ts';
import type { Members } from './members.ts';
import { openNatsMembers } from './members-nats.ts';
import type { Owners } from './owners.ts';
import { openNatsOwners } from './owners-nats.ts';
import type { Timers } from './timers.ts';
import { openNatsTimers } from './timers-nats.ts';

/** Messages that are under way when a process ends have this long to arrive. */
const drainWithinMs = 2_000;

export interface Stream {
  readonly inbox: Inbox;
  readonly lanes: Lanes;
  readonly owners: Owners;
  readonly members: Members;
  readonly timers: Timers;
  /** The commit path's connection, for other things that a process keeps in JetStream. */
  readonly nc: NatsConnection;
  /** Throws when the server does not answer: for readiness. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens all that a process needs of NATS. The commit path and the fan-out have a connection each: the server
 * cuts off a client with 64 MB pending, and a slow fan-out must not cut off the log.
 */
export async function openStream(options: {
  readonly url: string;
  readonly name: string;
  /** 0: as the log was made. */
  readonly partitions: number;
  readonly replicas?: number;
  readonly log: Log;
}): Promise<Stream> {
  const { url, name, log, partitions, replicas = 1 } = options;
  const commit = await connectNats({ url, name: `${name}-commit`, log });
  const fanOut = await connectNats({ url, name: `${name}-fan-out`, log });
  const inbox = await openNatsInbox(commit, { partitions, replicas, log });
  const owners = await openNatsOwners(commit, { replicas, log });
  return {
    inbox,
    lanes: createNatsLanes(fanOut, log),
    owners,
    members: openNatsMembers(commit, { replicas, log }),
    timers: await openNatsTimers(commit, inbox.partitions),
    nc: commit,
    ping: async () => {
      await commit.rtt();
    },
    close: async () => {
      await Promise.all([drainOrClose(fanOut), drainOrClose(commit)]);
    },
  };
}

/** A connection whose server is gone refuses to drain, so it is closed without. */
async function drainOrClose(nc: NatsConnection): Promise<void> {
  const drained = new AbortController(); // Else the timer would hold the process for the rest of its time.
  const late = systemClock.sleep(drainWithinMs, drained.signal).catch(() => undefined);
  await Promise.race([nc.drain().catch(() => undefined), late]);
  drained.abort();
  await nc.close();
}
