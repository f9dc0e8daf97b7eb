import type { TimerFired } from '@rapport/proto/envelope.ts';
import { type Context, type Decision, type NewMessage, pushToAll } from './decision.ts';
import type { Conversation } from './state.ts';
import { cancelTimer, setTimer, takeTimer } from './timer.ts';

const timerId = 'follow-up';

/** The coach has answered: if the person stays quiet, it follows up once. */
export function beginQuiet(before: Decision, context: Context): Decision {
  if (context.followUp === undefined || context.answering !== 'coach') return before;
  return setTimer(before, { timerId, dueMs: context.atMs + context.followUp.afterSeconds * 1_000 });
}

/** The person said something. */
export function endQuiet(before: Decision): Decision {
  return cancelTimer(before, timerId);
}

export function timerFired(state: Conversation, event: TimerFired, context: Context): Decision {
  const taken = takeTimer(state, event, context);
  if (taken === undefined) return { state, messages: [], effects: [] };
  return taken.goesOff && event.timerId === timerId
    ? followUp(taken.decision, event.generation, context)
    : taken.decision;
}

/** What is configured now counts; a creator who wants none any more, or answers in person, sends none. */
function followUp(before: Decision, generation: number, context: Context): Decision {
  const { state } = before;
  if (context.followUp === undefined || context.answering !== 'coach') return before;
  const message: NewMessage = {
    seq: state.topSeq + 1,
    id: `follow-up-${generation}`,
    role: 'COACH',
    text: context.followUp.text,
    atMs: context.atMs,
  };
  return {
    state: { ...state, topSeq: message.seq },
    messages: [...before.messages, message],
    effects: [...before.effects, pushToAll({ message })],
  };
}
