import type { DeviceJournal } from './journal.ts';

/** One round: a fault and what followed, until everybody talked as before. */
export interface Round {
  readonly kind: string;
  readonly beganMs: number;
  readonly endedMs: number;
  /** Names of the people whose owner was hit; all people where the fault is not one of an actor host. */
  readonly hit: ReadonlySet<string>;
  /** False when people did not talk as before in time. */
  readonly recovered: boolean;
}

export interface Waits {
  /** The longest wait of each person who was hit, from a say until it is known to be stored. */
  readonly takeOverMs: readonly number[];
  /** The same for all other people. */
  readonly othersMs: readonly number[];
  /** The time from each lost socket to the next one. */
  readonly resumeMs: readonly number[];
}

/** How long people waited in a round. */
export function waitsOf(
  round: Round,
  people: readonly { readonly name: string; readonly devices: readonly DeviceJournal[] }[],
): Waits {
  const waits = people.map(({ name, devices }) => ({
    hit: round.hit.has(name),
    ms: longest(round, devices),
  }));
  return {
    takeOverMs: waits.flatMap(({ hit, ms }) => (hit && ms !== undefined ? [ms] : [])),
    othersMs: waits.flatMap(({ hit, ms }) => (hit || ms === undefined ? [] : [ms])),
    resumeMs: people.flatMap(({ devices }) => devices.flatMap((device) => resumes(round, device))),
  };
}

/** Undefined when no say waited in that round. */
function longest(round: Round, devices: readonly DeviceJournal[]): number | undefined {
  const waits = devices.flatMap((device) => receiptWaits(device, round));
  return waits.length === 0 ? undefined : Math.max(...waits);
}

/** How long each say waited that was waiting in that time. A say without a receipt waited to its end. */
export function receiptWaits(
  { said, receipts }: DeviceJournal,
  { beganMs, endedMs }: Pick<Round, 'beganMs' | 'endedMs'>,
): readonly number[] {
  const storedAt = new Map<string, number>();
  for (const { id, atMs } of receipts) if (!storedAt.has(id)) storedAt.set(id, atMs);
  return said
    .map(({ id, atMs }) => ({ fromMs: atMs, toMs: storedAt.get(id) ?? endedMs }))
    .filter(({ fromMs, toMs }) => fromMs < endedMs && toMs > beganMs)
    .map(({ fromMs, toMs }) => toMs - fromMs);
}

function resumes({ beganMs, endedMs }: Round, { connections }: DeviceJournal): readonly number[] {
  return connections.flatMap(({ at, atMs }, index) => {
    const next = connections[index + 1];
    if (at !== 'lost' || atMs < beganMs || atMs > endedMs || next?.at !== 'open') return [];
    return [next.atMs - atMs];
  });
}
