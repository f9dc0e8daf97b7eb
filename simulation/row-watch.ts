import type { Slices } from '@rapport/actors/conversation/state.ts';
import { readRow } from '@rapport/actors/partition/state-row.ts';
import type { StoredConversation } from '@rapport/history/history.ts';
import { type Tally, tally } from './parts.ts';
import type { World } from './world.ts';

/** A conversation's row that replaces another one. */
export interface Replaced {
  readonly name: string;
  /** The row that `before` had replaced. */
  readonly earlier: StoredConversation | undefined;
  readonly before: StoredConversation;
  readonly after: StoredConversation;
}

/** Checks a row against the row that it replaces. */
export function watchRow(world: World, { name, earlier, before, after }: Replaced): void {
  const [was, is] = [readRow(before.state), readRow(after.state)];
  if ('unreadable' in was || 'unreadable' in is) {
    world.fail('every row is readable', `${name}: ${before.state} became ${after.state}`);
    return;
  }
  // A new owner may have read the conversation before the last write of the owner that it replaced.
  const base = before.epoch === after.epoch ? was : readRow(earlier?.state ?? '');
  const had = 'unreadable' in base ? tally.initial : tallyOf(base.state.parts);
  const has = tallyOf(is.state.parts);
  if (has.said < had.said || has.ended < had.ended || has.rang < had.rang)
    world.fail('a slice is kept', `${name}: ${JSON.stringify(had)} became ${JSON.stringify(has)}`);
}

export function tallyOf(slices: Slices): Tally {
  return (slices[tally.name] as Tally | undefined) ?? tally.initial; // Decoder: the part wrote it.
}
