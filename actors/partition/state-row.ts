import type { Effect, Recorded } from '../conversation/decision.ts';
import type { Conversation } from '../conversation/state.ts';

/** What a conversation's row holds: its state, and the recorded effects of the batch that wrote it. */
export interface StateRow {
  readonly state: Conversation;
  readonly outbox: readonly Recorded[];
}

/** The row as text. The outbox stands inside the state, so that a conversation without one costs nothing. */
export function rowText(state: Conversation, effects: readonly Effect[]): string {
  const outbox = effects.filter(isRecorded);
  return JSON.stringify(outbox.length === 0 ? state : { ...state, outbox });
}

/** Undefined when the text is not what `rowText` made: something else has written the store. */
export function readRow(text: string): StateRow | undefined {
  try {
    // Decoder: what it has to have is checked below.
    const row = JSON.parse(text) as Conversation & Partial<Pick<StateRow, 'outbox'>>;
    if (!isConversation(row)) return undefined;
    if (row.outbox === undefined) return { state: row, outbox: [] };
    const { outbox, ...state } = row;
    return Array.isArray(outbox) ? { state, outbox } : undefined;
  } catch {
    return undefined;
  }
}

/** Is it stored with the state, to be performed again after a crash? */
export function isRecorded(effect: Effect): effect is Recorded {
  return effect.kind === 'schedule' || effect.kind === 'unschedule';
}

function isConversation(state: Partial<Conversation>): boolean {
  const counts = [state.topSeq, state.readSeq, state.askedSeq, state.answeredSeq];
  return (
    counts.every(Number.isSafeInteger) &&
    Array.isArray(state.devices) &&
    state.devices.every(({ deviceId, seqs }) => typeof deviceId === 'string' && Array.isArray(seqs)) &&
    (state.turn?.at === 'idle' || (state.turn?.at === 'running' && state.turn.attempt > 0)) &&
    (state.timers === undefined || Array.isArray(state.timers.pending))
  );
}
