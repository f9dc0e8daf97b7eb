import type { TimerFired } from '@rapport/proto/envelope.ts';
import { fnv1a32 } from '@rapport/proto/hash.ts';
import type { Context, Decision, Recorded } from './decision.ts';
import type { Conversation, Timer, Timers } from './state.ts';

/** A timer that fires so much later than its time has waited for an outage, and many others with it. */
export const lateMs = 30_000;
/** Those are spread over this time: 10,000 at once become some 33 in a second. */
export const spreadMs = 300_000;

const none: Timers = { set: 0, pending: [] };

/** Sets a timer, in the place of an earlier one of that timerId. */
export function setTimer(before: Decision, timer: Pick<Timer, 'timerId' | 'dueMs' | 'postponed'>): Decision {
  const { state, messages, effects } = cancelTimer(before, timer.timerId);
  const { set, pending } = state.timers ?? none;
  const { timerId, dueMs: atMs } = timer;
  const generation = set + 1;
  const schedule: Recorded = { kind: 'schedule', timerId, generation, atMs };
  return {
    state: { ...state, timers: { set: generation, pending: [...pending, { ...timer, generation }] } },
    messages,
    effects: [...effects, schedule],
  };
}

/** Takes back the timer of that timerId, if there is one. */
export function cancelTimer(before: Decision, timerId: string): Decision {
  const timer = before.state.timers?.pending.find((other) => other.timerId === timerId);
  if (timer === undefined) return before;
  const unschedule: Recorded = { kind: 'unschedule', timerId, generation: timer.generation };
  return { ...before, state: without(before.state, timer), effects: [...before.effects, unschedule] };
}

/**
 * Takes a timer that fired. Undefined when it changes nothing: it was taken before, replaced or cancelled.
 * One that is past due does not go off yet: it gets, once, a later time that its person's name chooses.
 */
export function takeTimer(
  state: Conversation,
  { timerId, generation }: TimerFired,
  context: Context,
): { readonly goesOff: boolean; readonly decision: Decision } | undefined {
  const timer = state.timers?.pending.find(
    (other) => other.timerId === timerId && other.generation === generation,
  );
  if (timer === undefined) return undefined;
  const decision: Decision = { state: without(state, timer), messages: [], effects: [] };
  if (timer.postponed || context.atMs - timer.dueMs <= lateMs) return { goesOff: true, decision };
  const dueMs = context.atMs + (fnv1a32(context.userId) % spreadMs);
  return { goesOff: false, decision: setTimer(decision, { timerId, dueMs, postponed: true }) };
}

function without(state: Conversation, timer: Timer): Conversation {
  const { set, pending } = state.timers ?? none;
  return { ...state, timers: { set, pending: pending.filter((other) => other !== timer) } };
}
