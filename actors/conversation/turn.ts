import { codes, isCode } from '@rapport/proto/codes.ts';
import type { Answered, TurnFailed, TurnLost, TurnStopped } from '@rapport/proto/envelope.ts';
import type { DownJson, MessageJson, Turn_StateJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { limits } from '@rapport/proto/limits.ts';
import { type Context, type Decision, type Effect, type NewMessage, pushToAll } from './decision.ts';
import { beginQuiet } from './follow-up.ts';
import type { Conversation, RunningTurn } from './state.ts';

/**
 * What the choice beside a failure says: then, and when a person types it, it is the question before that
 * counts.
 */
export const tryAgain = 'Try again';

/**
 * Begins an answer to everything asked so far. One turn at a time: what is said meanwhile waits for the next
 * one. Its id comes from the newest message of the person, so that every fold gives the same.
 */
export function startTurn(before: Decision, context: Context): Decision {
  const { topSeq, askedSeq } = before.state;
  const turn: RunningTurn = {
    at: 'running',
    turnId: `t${askedSeq}`,
    attempt: 1,
    askedSeq,
    uptoSeq: topSeq,
    configVersion: context.configVersion,
  };
  return running(before, turn);
}

/** The answer is there, whole, failed or stopped. An end of a turn that is not running is a late echo. */
export function endTurn(
  state: Conversation,
  event: Answered | TurnFailed | TurnStopped,
  context: Context,
): Decision {
  const { turn } = state;
  if (turn.at !== 'running' || turn.turnId !== event.turnId) return { state, messages: [], effects: [] };
  switch (event.kind) {
    case 'answered':
      return finish(state, turn, { end: 'COMPLETED', message: coachMessage(event) }, context);
    case 'turn_stopped':
      return finish(
        state,
        turn,
        event.text === '' ? { end: 'STOPPED' } : { end: 'STOPPED', message: coachMessage(event) },
        context,
      );
    case 'turn_failed':
      return fail(state, turn, event.code, context);
    default:
      return event satisfies never;
  }
}

/** The host that wrote the answer is gone: the owner begins it again, but not for ever. */
export function loseTurn(state: Conversation, event: TurnLost, context: Context): Decision {
  const { turn } = state;
  if (turn.at !== 'running' || turn.turnId !== event.turnId || turn.attempt !== event.attempt) {
    return { state, messages: [], effects: [] };
  }
  if (turn.attempt >= limits.turnAttemptsMax) return fail(state, turn, 'model_failed', context);
  return running({ state, messages: [], effects: [] }, { ...turn, attempt: turn.attempt + 1 });
}

function running(before: Decision, turn: RunningTurn): Decision {
  const { turnId, attempt, uptoSeq } = turn;
  return {
    state: { ...before.state, turn },
    messages: before.messages,
    effects: [
      ...before.effects,
      turnPush({ turnId, state: 'STARTED' }),
      { kind: 'infer', turnId, attempt, answeredSeq: before.state.answeredSeq, uptoSeq },
    ],
  };
}

function fail(state: Conversation, turn: RunningTurn, code: string, context: Context): Decision {
  const known = isCode(code) ? code : 'model_failed';
  const message: MessageJson = {
    id: `failed-${turn.turnId}`,
    role: 'SYSTEM',
    text: codes[known].sentence,
    code: known,
    choices: [{ id: `retry:${turn.turnId}`, text: tryAgain }],
  };
  return finish(state, turn, { end: 'FAILED', message, code: known }, context);
}

function coachMessage(event: Answered | TurnStopped): MessageJson {
  return { id: `answer-${event.turnId}`, role: 'COACH', text: event.text, sources: [...event.sources] };
}

function finish(
  state: Conversation,
  turn: RunningTurn,
  outcome: { readonly end: Turn_StateJson; readonly message?: MessageJson; readonly code?: string },
  context: Context,
): Decision {
  const messages = outcome.message === undefined ? [] : [stored(state, turn, outcome.message, context)];
  const ended: Conversation = {
    ...state,
    topSeq: state.topSeq + messages.length,
    answeredSeq: outcome.end === 'FAILED' ? state.answeredSeq : turn.askedSeq,
    turn: { at: 'idle' },
  };
  const turnFrame = { turnId: turn.turnId, state: outcome.end, ...(outcome.code && { code: outcome.code }) };
  const effects = [...messages.map((message) => pushToAll({ message })), turnPush(turnFrame)];
  const waiting = state.askedSeq > turn.askedSeq;
  if (waiting && context.answering === 'coach')
    return startTurn({ state: ended, messages, effects }, context);
  const quiet: Decision = { state: { ...ended, askedSeq: 0 }, messages, effects };
  return outcome.end === 'COMPLETED' ? beginQuiet(quiet, context) : quiet;
}

function stored(state: Conversation, turn: RunningTurn, message: MessageJson, context: Context): NewMessage {
  return { ...message, seq: state.topSeq + 1, atMs: context.atMs, turnId: turn.turnId };
}

function turnPush(turn: NonNullable<DownJson['turn']>): Effect {
  return pushToAll({ turn });
}
