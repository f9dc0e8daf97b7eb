import { readFile } from 'node:fs/promises';

/** The interval of prom-client's delay meter. Node counts the interval itself into every delay. */
const delaySampleMs = 10;

/** CPU seconds of a process since its start: utime and stime of proc(5), which are in hundredths. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export async function residentBytes(pid: number): Promise<number> {
  return kibibytes(await readFile(`/proc/${pid}/status`, 'utf8'), 'VmRSS');
}

/** The largest resident memory of the process since its start. */
export async function peakResidentBytes(pid: number): Promise<number> {
  return kibibytes(await readFile(`/proc/${pid}/status`, 'utf8'), 'VmHWM');
}

/** Kernel memory of all sockets: structures (slab) and bytes in transit (pages of 4 KiB). */
export async function kernelBytes(): Promise<number> {
  const sockstat = await readFile('/proc/net/sockstat', 'utf8');
  const pages = Number(/^TCP:.* mem (\d+)/m.exec(sockstat)?.[1]);
  return pages * 4_096 + kibibytes(await readFile('/proc/meminfo', 'utf8'), 'Slab');
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1_024;
}

/** The samples of a /metrics page by process and name, without those that have further labels. */
export async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(url)).text();
  const samples = text.matchAll(/^(\w+)\{process="([^",]*)"\} (\S+)$/gm);
  return new Map([...samples].map(([, name, process, value]) => [`${process} ${name}`, Number(value)]));
}

/**
 * Mean milliseconds of every duration that was observed between two scrapes, and the event loop's delay since
 * the first scrape.
 */
export function timings(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Readonly<Record<string, number>> {
  const means = [...after.keys()]
    .filter((name) => / rapport_\w+_seconds_sum$/.test(name))
    .flatMap((name): [string, number][] => {
      const grown = (of: string) => (after.get(of) ?? 0) - (before.get(of) ?? 0);
      const count = grown(name.replace(/sum$/, 'count'));
      return count > 0 ? [[name.replace(/_seconds_sum$/, ''), (grown(name) / count) * 1_000]] : [];
    });
  const delays = [...after]
    .filter(([name]) => /nodejs_eventloop_lag_p(50|99)_seconds$/.test(name))
    .map(([name, seconds]): [string, number] => [
      name.replace(/_seconds$/, ''),
      Math.max(0, seconds * 1_000 - delaySampleMs),
    ]);
  return Object.fromEntries([...means, ...delays]);
}
