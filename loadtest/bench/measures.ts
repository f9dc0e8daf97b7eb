import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, kernelBytes, residentBytes, scrape, timings } from '../process-meters.ts';
import type { Job, Load } from './load.ts';
import { loadFrom, withClient } from './load-client.ts';
import type { System } from './systems.ts';

/** A load, with the CPU time and the meters of the processes during it. */
export interface Measured {
  readonly load: Load;
  /** Cores that each process used on average, from the first connection to the last receipt. */
  readonly cores: Readonly<Record<string, number>>;
  /** Mean milliseconds of a batch in each hop, and of the event loops' delay. Empty for the floor. */
  readonly timings: Readonly<Record<string, number>>;
}

export interface Memory {
  readonly connections: number;
  /** Memory of the gateway process for one connection. */
  readonly rssBytes: number;
  /** Kernel memory for the server's end of one connection: half of the growth, because both ends are here. */
  readonly kernelBytes: number;
}

const sockets = 200;
const inFlight = 8;
const saysPerSecond = 500;
const warmUpMs = 3_000;
/** By then the garbage of connecting is collected: the memory that stays is the connections'. */
const settledAfterMs = 5_000;

/** Durable round trips a second of 200 sockets that have 8 says under way each. */
export async function measureThroughput(system: System, seconds: number): Promise<Measured> {
  const tokens = await system.tokens(sockets);
  const measureMs = seconds * 1_000;
  return observed(system, () =>
    loadFrom({ kind: 'closed', port: system.port, tokens, inFlight, warmUpMs, measureMs }),
  );
}

/** The latency of 500 says a second over 200 sockets, of processes that have just started. */
export async function measureFresh(system: System, seconds: number): Promise<Measured> {
  const job = await latencyJob(system, seconds);
  return observed(system, () => loadFrom(job));
}

/** The same after full load, when V8 has compiled the code that every say runs through. */
export function measureLatency(
  system: System,
  { seconds, loadedSeconds = 10 }: { readonly seconds: number; readonly loadedSeconds?: number },
): Promise<Measured> {
  return withClient(async (client) => {
    const [tokens, measureMs] = [await system.tokens(sockets), loadedSeconds * 1_000];
    await client({ kind: 'closed', port: system.port, tokens, inFlight, warmUpMs: 0, measureMs });
    const job = await latencyJob(system, seconds);
    return observed(system, () => client(job));
  });
}

async function latencyJob(system: System, seconds: number): Promise<Job> {
  const [tokens, measureMs] = [await system.tokens(sockets), seconds * 1_000];
  return { kind: 'open', port: system.port, tokens, saysPerSecond, warmUpMs, measureMs };
}

/** The memory that idle sockets cost after their hello. */
export async function measureMemory(
  system: System,
  { connections, settleMs = settledAfterMs }: { readonly connections: number; readonly settleMs?: number },
): Promise<Memory> {
  const gateway = system.pids.gateway ?? 0;
  // The first connections pay for memory that a process needs only once.
  await loadFrom({ kind: 'idle', port: system.port, tokens: await system.tokens(200) });
  const tokens = await system.tokens(connections);
  await sleep(settleMs);
  const before = { rss: await residentBytes(gateway), kernel: await kernelBytes() };
  const after = await withClient(async (client) => {
    await client({ kind: 'idle', port: system.port, tokens });
    await sleep(settleMs);
    return { rss: await residentBytes(gateway), kernel: await kernelBytes() };
  });
  return {
    connections,
    rssBytes: Math.round((after.rss - before.rss) / connections),
    kernelBytes: Math.round((after.kernel - before.kernel) / 2 / connections),
  };
}

async function observed(system: System, run: () => Promise<Load>): Promise<Measured> {
  const names = Object.keys(system.pids);
  const used = () => Promise.all(names.map((name) => cpuSeconds(system.pids[name] ?? 0)));
  const scraped = async () =>
    new Map((await Promise.all(system.metricsUrls.map(scrape))).flatMap((samples) => [...samples]));
  const [usedBefore, timedBefore, beganMs] = [await used(), await scraped(), performance.now()];
  const load = await run();
  const [usedAfter, timedAfter, endedMs] = [await used(), await scraped(), performance.now()];
  const seconds = (endedMs - beganMs) / 1_000;
  const cores = names.map((name, at) => [name, ((usedAfter[at] ?? 0) - (usedBefore[at] ?? 0)) / seconds]);
  return { load, cores: Object.fromEntries(cores), timings: timings(timedBefore, timedAfter) };
}
