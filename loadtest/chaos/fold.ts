import type { LoggedSay } from './journal.ts';

/**
 * What the log's says of one person come to: the ids that are stored, in their order. Written apart from the
 * actor on purpose: from each device exactly the next number, everything else is a repetition or a gap.
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
