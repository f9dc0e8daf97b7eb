import { readFile } from 'node:fs/promises';

/** prom-client's meter ticks this often, and Node counts the tick itself into every delay. */
const delaySampleMs = 10;

/** CPU seconds that a process has used so far: utime and stime of proc(5), which counts hundredths. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export async function residentBytes(pid: number): Promise<number> {
  return kibibytes(await readFile(`/proc/${pid}/status`, 'utf8'), 'VmRSS');
}

/** The most that the process ever had. */
export async function peakResidentBytes(pid: number): Promise<number> {
  return kibibytes(await readFile(`/proc/${pid}/status`, 'utf8'), 'VmHWM');
}

/** What the kernel holds for sockets: its structures (slab) and the bytes on their way (pages of 4 KiB). */
export async function kernelBytes(): Promise<number> {
  const sockstat = await readFile('/proc/net/sockstat', 'utf8');
  const pages = Number(/^TCP:.* mem (\d+)/m.exec(sockstat)?.[1]);
  return pages * 4_096 + kibibytes(await readFile('/proc/meminfo', 'utf8'), 'Slab');
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1_024;
}

/** Every sample of a /metrics page, by process and name; samples with labels of their own are left out. */
export async function scrape(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(url)).text();
  const samples = text.matchAll(/^(\w+)\{process="([^",]*)"\} (\S+)$/gm);
  return new Map([...samples].map(([, name, process, value]) => [`${process} ${name}`, Number(value)]));
}

/**
 * Mean milliseconds of everything that was timed between two scrapes, and the event loop's delay since the
 * first.
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
