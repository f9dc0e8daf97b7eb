import type { Slices, Turn } from '@rapport/actors/conversation/state.ts';
import { readRow } from '@rapport/actors/partition/state-row.ts';
import type { StoredConversation, StoredMessage } from '@rapport/history/history.ts';
import { type Tally, tally } from './parts.ts';
import type { World } from './world.ts';

/** A conversation's row that replaces another one, with the messages that came with it. */
export interface Replaced {
  readonly name: string;
  /** The row that `before` had replaced. */
  readonly earlier: StoredConversation | undefined;
  readonly before: StoredConversation;
  readonly after: StoredConversation;
  readonly messages: readonly StoredMessage[];
}

/** Checks a row against the row that it replaces. */
export function watchRow(world: World, { name, earlier, before, after, messages }: Replaced): void {
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
  for (const message of messages) {
    const attempt = attemptThatEnded(message, was.state.core.turn);
    if (attempt === undefined) continue;
    const sentence = `${name}: attempt ${attempt} failed and ended ${message.turnId} in a later attempt`;
    world.fail('an attempt ends only itself', sentence);
  }
}

export function tallyOf(slices: Slices): Tally {
  return (slices[tally.name] as Tally | undefined) ?? tally.initial; // Decoder: the part wrote it.
}

/** The attempt that ended a turn which was in a later one; a whole answer may. */
function attemptThatEnded({ turnId, role, usage }: StoredMessage, turn: Turn): number | undefined {
  if (turn.at !== 'running' || turn.turnId !== turnId || role !== 'SYSTEM') return undefined;
  return usage !== undefined && usage.attempt < turn.attempt ? usage.attempt : undefined;
}
