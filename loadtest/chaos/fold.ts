import type { LoggedSay } from './journal.ts';

/**
 * The ids that the log's says of one person come to, in their order. It shares no code with the actor on
 * purpose: it takes exactly the next number of each device, and everything else is a repetition or a gap.
 */
export function fold(logged: readonly LoggedSay[]): readonly string[] {
  const last = new Map<string, number>();
  const taken: string[] = [];
  for (const { deviceId, clientSeq, id } of logged) {
    if (clientSeq !== (last.get(deviceId) ?? 0) + 1) continue;
    last.set(deviceId, clientSeq);
    taken.push(id);
  }
  return taken;
}
