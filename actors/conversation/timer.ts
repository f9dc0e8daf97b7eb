import type { TimerFired } from '@rapport/proto/envelope.ts';
import { fnv1a32 } from '@rapport/proto/hash.ts';
import { type Context, type Step, unchanged } from './decision.ts';
import type { Recorded } from './effect.ts';
import type { Core, Timer, Timers } from './state.ts';

/** A timer that fires this much after its time has waited for an outage, and many others with it. */
export const lateMs = 30_000;
/** Late timers are spread over this time: 10,000 at once become some 33 in a second. */
export const spreadMs = 300_000;
/** A timer of an unknown part waits this long for a newer host: after a rollback none may ever come. */
export const unknownKeptMs = 7 * 86_400_000;

const none: Timers = { set: 0, pending: [] };

/** The timerId of a part's timer. It begins with the part's name, so no two parts share a timer. */
export function timerIdOf(part: string, timer: string | undefined): string {
  return timer === undefined ? part : `${part}:${timer}`;
}

/** Sets a timer. It replaces an earlier one of the same timerId. */
export function setTimer(before: Step, timer: Omit<Timer, 'generation'>): Step {
  const step = cancelTimer(before, timer.timerId);
  const { set, pending } = step.core.timers ?? none;
  const { timerId, dueMs: atMs } = timer;
  const generation = set + 1;
  const schedule: Recorded = { kind: 'schedule', timerId, generation, atMs };
  const timers = { set: generation, pending: [...pending, { ...timer, generation }] };
  return { ...step, core: { ...step.core, timers }, effects: [...step.effects, schedule] };
}

/** Takes back the timer of that timerId, if there is one. */
export function cancelTimer(before: Step, timerId: string): Step {
  const timer = before.core.timers?.pending.find((other) => other.timerId === timerId);
  if (timer === undefined) return before;
  const unschedule: Recorded = { kind: 'unschedule', timerId, generation: timer.generation };
  return { ...before, core: without(before.core, timer), effects: [...before.effects, unschedule] };
}

/**
 * A timer fired: its part is told, unless the timer was taken, replaced or cancelled before. Two kinds do not
 * go off yet and get a later time, chosen by the person's name. A timer that is past due gets it once. A
 * timer of a part that this host does not know gets it again and again, for `unknownKeptMs`, until a newer
 * host owns the conversation: dropping it would lose what the newer host waits for.
 */
export function fireTimer(
  core: Core,
  { timerId, generation }: TimerFired,
  { context, isKnown }: { readonly context: Context; readonly isKnown: (part: string) => boolean },
): Step {
  const timer = core.timers?.pending.find(
    (other) => other.timerId === timerId && other.generation === generation,
  );
  if (timer === undefined) return unchanged(core);
  const taken = unchanged(without(core, timer));
  const [part = '', name] = timerId.split(':', 2);
  const dueMs = context.atMs + (fnv1a32(context.userId) % spreadMs);
  if (!isKnown(part)) {
    const { unknownSinceMs = context.atMs } = timer;
    const isTooOld = context.atMs - unknownSinceMs > unknownKeptMs;
    return isTooOld ? taken : setTimer(taken, { timerId, dueMs, unknownSinceMs });
  }
  if (timer.postponed !== true && context.atMs - timer.dueMs > lateMs)
    return setTimer(taken, { timerId, dueMs, postponed: true });
  return { ...taken, moments: [{ kind: 'timer_fired', part, timer: name }] };
}

function without(core: Core, timer: Timer): Core {
  const { set, pending } = core.timers ?? none;
  return { ...core, timers: { set, pending: pending.filter((other) => other !== timer) } };
}
