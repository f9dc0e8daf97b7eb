import type { StormResult } from './storm.ts';

/** Whether all people are back and have every message. */
export function stormPassed({ connections, back, missing }: StormResult): boolean {
  return back === connections && missing.messages === 0;
}

export function stormText(result: StormResult): string {
  const { connections, back, backMs, missing, troubles, processes } = result;
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;
  return [
    `${back} of ${connections} connections are back`,
    `50 % after ${seconds(backMs.p50)}, 90 % after ${seconds(backMs.p90)}, ` +
      `99 % after ${seconds(backMs.p99)}, the last after ${seconds(backMs.all)}`,
    `${missing.people} people had missed messages; ${missing.messages} messages never came`,
    ...Object.entries(troubles).map(([sentence, count]) => `  ${count} x ${sentence}`),
    ...Object.entries(processes).map(
      ([name, { cpuSeconds, rssMib }]) => `${name}: ${cpuSeconds.toFixed(1)} s of CPU, ${rssMib} MiB`,
    ),
    '',
  ].join('\n');
}
