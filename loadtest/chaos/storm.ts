import { randomUUID } from 'node:crypto';
import { encodeEnvelope } from '@rapport/proto/batch.ts';
import type { Envelope } from '@rapport/proto/envelope.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { openStream, type Stream } from '@rapport/stream/open-stream.ts';
import { partitionOf } from '@rapport/stream/partition.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { putQuietCreator, quietCreator } from '../bench/quiet-creator.ts';
import { cpuSeconds, residentBytes } from '../process-meters.ts';
import { type OwnProcess, ownProcessesOf } from './faults.ts';
import type { StormBack } from './storm-crowd.ts';
import { type Crowds, startCrowds } from './storm-crowds.ts';

export interface StormOptions {
  readonly connections: number;
  readonly actors: number;
  readonly gateways: number;
  readonly tell: (sentence: string) => void;
}

export interface StormResult {
  readonly connections: number;
  readonly back: number;
  /** Milliseconds from the cut until this many of a hundred were back with everything they had missed. */
  readonly backMs: { readonly p50: number; readonly p90: number; readonly p99: number; readonly all: number };
  /** People with messages that came while they were away, and how many of these messages never came. */
  readonly missing: { readonly people: number; readonly messages: number };
  /** How often clients met each kind of trouble. */
  readonly troubles: Readonly<Record<string, number>>;
  /** Use of each gateway and actor host, from the cut until the last socket was back. */
  readonly processes: Usage;
}

/** The CPU and memory that a process used. */
type Usage = Readonly<
  Record<string, { readonly pid: number; readonly cpuSeconds: number; readonly rssMib: number }>
>;

/** One person of this many has read something before and misses something. */
const missingOneOf = 10;
const readBefore = 1;
const missedEach = 3;
const backWithinMs = 120_000;
const envelopesPerAppend = 200;
const otherDevice = randomUUID();

/** Connects all people, kills every gateway at once, and waits until all people are back. */
export async function runStorm(options: StormOptions): Promise<StormResult> {
  const { connections, actors, gateways } = options;
  const rapport = await startRapport({ actors, gateways, env: { LOG_LEVEL: 'warn' } });
  const log = createLog({ name: 'storm', level: 'silent' });
  try {
    await putQuietCreator(rapport.natsUrl);
    const stream = await openStream({ url: rapport.natsUrl, name: 'storm', partitions: 0, log });
    try {
      await append(stream, connections, { from: 1, to: readBefore });
      const port = Number(new URL(rapport.url).port);
      const job = { port, dataDir: rapport.dataDir, creatorId: quietCreator, count: connections };
      const crowds = await startCrowds(job);
      try {
        return await cutAll({ rapport, stream, crowds, options });
      } finally {
        await crowds.stop();
      }
    } finally {
      await stream.close();
    }
  } finally {
    await rapport.stop();
  }
}

async function cutAll(storm: {
  readonly rapport: TestRapport;
  readonly stream: Stream;
  readonly crowds: Crowds;
  readonly options: StormOptions;
}): Promise<StormResult> {
  const { rapport, stream, crowds, options } = storm;
  const { connections, tell } = options;
  const processes = ownProcessesOf(options).filter((name) => name !== 'inference');
  const gateways = processes.filter((name) => name.startsWith('gateway'));
  tell(`${connections} connections; cutting all of them`);
  const before = await usedBy(rapport, processes);
  const cutAtMs = Date.now();
  await Promise.all(gateways.map((name) => rapport.kill(name, 'SIGKILL')));
  await append(stream, connections, { from: readBefore + 1, to: readBefore + missedEach });
  const back = await crowds.back({ cutAtMs, withinMs: backWithinMs });
  return {
    ...resultOf(connections, back),
    processes: await usedBy(rapport, processes, before),
  };
}

/** Puts says of people's other devices straight into the log, because no gateway runs. */
async function append(
  stream: Stream,
  connections: number,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  const { inbox } = stream;
  const byPartition = new Map<number, Envelope[]>();
  for (let at = 0; at < connections; at += missingOneOf) {
    const key = { creatorId: quietCreator, userId: `person-${at}` };
    const partition = partitionOf(key, inbox.partitions);
    const envelopes = byPartition.get(partition) ?? [];
    byPartition.set(partition, envelopes);
    for (let clientSeq = from; clientSeq <= to; clientSeq += 1) {
      const said = { kind: 'said', deviceId: otherDevice, clientSeq, id: randomUUID() } as const;
      envelopes.push({ ...key, event: { ...said, text: `note ${clientSeq}`, channel: 'web' } });
    }
  }
  for (const [partition, envelopes] of byPartition) {
    for (let at = 0; at < envelopes.length; at += envelopesPerAppend) {
      await inbox.append(
        partition,
        envelopes.slice(at, at + envelopesPerAppend).map(encodeEnvelope),
        randomUUID(),
      );
    }
  }
}

function resultOf(
  connections: number,
  { backMs, topSeqs, troubles }: StormBack,
): Omit<StormResult, 'processes'> {
  const sorted = backMs.toSorted((one, other) => one - other);
  const at = (share: number) => sorted[Math.ceil(connections * share) - 1] ?? Number.POSITIVE_INFINITY;
  const wanted = topSeqs.map((_, person) => (person % missingOneOf === 0 ? readBefore + missedEach : 0));
  const missing = topSeqs.map((topSeq, person) => Math.abs((wanted[person] ?? 0) - topSeq));
  return {
    connections,
    back: backMs.length,
    backMs: { p50: at(0.5), p90: at(0.9), p99: at(0.99), all: at(1) },
    missing: {
      people: wanted.filter((seq) => seq > 0).length,
      messages: missing.reduce((sum, count) => sum + count, 0),
    },
    troubles,
  };
}

/** The use of each process since `before`; of a process that was started later, since its start. */
async function usedBy(
  rapport: TestRapport,
  names: readonly OwnProcess[],
  before: Usage = {},
): Promise<Usage> {
  const entries = await Promise.all(
    names.map(async (name) => {
      const pid = rapport.pids[name] ?? 0;
      const earlier = before[name];
      const used = (await cpuSeconds(pid)) - (earlier?.pid === pid ? earlier.cpuSeconds : 0);
      const rssMib = Math.round((await residentBytes(pid)) / 1024 ** 2);
      return [name, { pid, cpuSeconds: used, rssMib }] as const;
    }),
  );
  return Object.fromEntries(entries);
}
