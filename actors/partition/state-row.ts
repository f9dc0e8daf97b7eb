import { type Effect, isRecorded, isRecordedKind, type Recorded } from '../conversation/effect.ts';
import { type Conversation, type Core, noSlices, type Slices } from '../conversation/state.ts';

/**
 * The newest form of a row that this host reads. It grows only when an older host would do damage to a row
 * of the new form. Fields and parts that are added need no new number: a host keeps what it does not know.
 */
export const rowVersion = 1;

/** A recorded effect of a kind that a newer version has. This host cannot perform it. */
export interface UnknownEffect {
  readonly kind: string;
}

/** The content of a conversation's row. */
export interface StateRow {
  readonly state: Conversation;
  /** Recorded effects of the batch that wrote the row: performed again when the batch is read again. */
  readonly outbox: readonly Recorded[];
  /** Recorded effects that an older host kept for this one: nobody has performed them yet. */
  readonly owed: readonly Recorded[];
  /** Recorded effects that this host keeps for a newer one. Every row that it writes holds them. */
  readonly kept: readonly UnknownEffect[];
}

interface RowJson {
  v: number;
  core: Core;
  parts?: Slices;
  outbox?: readonly (Recorded | UnknownEffect)[];
  kept?: readonly (Recorded | UnknownEffect)[];
}

/** The row as text. What is empty is left out, so that an idle conversation takes little. */
export function rowText(
  { core, parts }: Conversation,
  { effects, kept }: { readonly effects: readonly Effect[]; readonly kept: readonly UnknownEffect[] },
): string {
  const row: RowJson = { v: rowVersion, core };
  if (parts !== noSlices && Object.keys(parts).length > 0) row.parts = parts;
  const outbox = effects.filter(isRecorded);
  if (outbox.length > 0) row.outbox = outbox;
  if (kept.length > 0) row.kept = kept;
  return JSON.stringify(row);
}

/** Nothing can be decided in a conversation whose row is not read: `unreadable` says why. */
export function readRow(text: string): StateRow | { readonly unreadable: string } {
  const row = parsed(text);
  if (row === undefined) return { unreadable: 'is damaged; it should be repaired' };
  const { v, core, parts = noSlices, outbox = [], kept = [] } = 'v' in row ? row : broughtUp(row);
  if (typeof v === 'number' && v > rowVersion)
    return { unreadable: `has form ${v}; this host reads up to form ${rowVersion}, a newer host reads it` };
  const isWhole = isCore(core) && isObject(parts) && areEffects(outbox) && areEffects(kept);
  if (v !== rowVersion || !isWhole) return { unreadable: 'is damaged; it should be repaired' };
  const recorded = [...outbox, ...kept];
  return {
    state: { core, parts: Object.keys(parts).length > 0 ? parts : noSlices },
    outbox: outbox.filter(isKnown),
    owed: kept.filter(isKnown),
    kept: recorded.filter((effect) => !isKnown(effect)),
  };
}

type RowBefore = Partial<Core> & Pick<RowJson, 'outbox'>;

/** Rows of before form 1 had the core's fields at their top. */
function broughtUp({ outbox, ...core }: RowBefore): Partial<RowJson> {
  // readRow() checks it.
  return { v: rowVersion, core: core as Core, ...(outbox !== undefined && { outbox }) };
}

function parsed(text: string): Partial<RowJson> | RowBefore | undefined {
  try {
    const row: unknown = JSON.parse(text);
    return isObject(row) ? row : undefined;
  } catch {
    return undefined;
  }
}

function isKnown(effect: Recorded | UnknownEffect): effect is Recorded {
  return isRecordedKind(effect.kind);
}

function areEffects(effects: unknown): effects is readonly UnknownEffect[] {
  return Array.isArray(effects) && effects.every((effect) => typeof effect?.kind === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCore(core: Partial<Core> | undefined): core is Core {
  if (!isObject(core)) return false;
  const { topSeq, readSeq, askedSeq, answeredSeq, devices, turn, timers }: Partial<Core> = core;
  return (
    [topSeq, readSeq, askedSeq, answeredSeq].every(Number.isSafeInteger) &&
    Array.isArray(devices) &&
    devices.every((device) => typeof device?.deviceId === 'string' && Array.isArray(device.seqs)) &&
    (turn?.at === 'idle' || (turn?.at === 'running' && turn.attempt > 0)) &&
    (timers === undefined || Array.isArray(timers.pending))
  );
}
