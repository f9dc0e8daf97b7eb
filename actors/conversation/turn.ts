import { codes, isCode } from '@rapport/proto/codes.ts';
import type { Answered, TurnFailed, TurnLost, TurnStopped } from '@rapport/proto/envelope.ts';
import type { DownJson, MessageJson, Turn_StateJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { limits } from '@rapport/proto/limits.ts';
import type { Usage } from '@rapport/proto/usage.ts';
import { type Context, type NewMessage, type Step, unchanged } from './decision.ts';
import { type Effect, pushToAll } from './effect.ts';
import type { Moment } from './moment.ts';
import type { Core, RunningTurn } from './state.ts';

/**
 * Label of the retry choice. When a person taps or types exactly this, the previous question is answered
 * again.
 */
export const tryAgain = 'Try again';

/**
 * Begins the next answer when the person waits for one and none is being written: one turn at a time answers
 * everything asked so far. With `isHeld` no answer is to follow, so what was said needs none. `before` is the
 * core before this event.
 */
export function continueTurns(
  step: Step,
  { before, isHeld, context }: { readonly before: Core; readonly isHeld: boolean; readonly context: Context },
): Step {
  const { core } = step;
  const isIdle = core.turn.at === 'idle';
  if (!isHeld) return isIdle && core.askedSeq > 0 ? startTurn(step, context) : step;
  if (core.askedSeq === (isIdle ? 0 : before.askedSeq)) return step;
  return isIdle
    ? { ...step, core: { ...core, askedSeq: 0, answeredSeq: core.askedSeq } }
    : { ...step, core: { ...core, askedSeq: before.askedSeq } };
}

/** The turn's id comes from the newest message of the person, so that every fold gives the same. */
function startTurn(before: Step, context: Context): Step {
  const { topSeq, askedSeq } = before.core;
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

/**
 * The answer is whole, failed or stopped. The end of a turn that is not running comes too late. A whole
 * answer counts whichever attempt wrote it; a failure or a stop ends only its own attempt.
 */
export function endTurn(core: Core, event: Answered | TurnFailed | TurnStopped, context: Context): Step {
  const { turn } = core;
  if (turn.at !== 'running' || turn.turnId !== event.turnId) return unchanged(core);
  const ending = { core, turn, context };
  const { attempt = turn.attempt, usage } = event;
  if (event.kind === 'answered')
    return finish(ending, { end: 'COMPLETED', attempt, usage, message: coachMessage(event) });
  // A host that was paused fails or stops an attempt that the owner has begun again since.
  if (attempt !== turn.attempt) return unchanged(core);
  if (event.kind === 'turn_failed') return fail(ending, { attempt, usage, code: event.code });
  const message = event.text === '' ? undefined : coachMessage(event);
  return finish(ending, { end: 'STOPPED', attempt, usage, message });
}

/** The host that wrote the answer is gone: the next attempt begins, up to `turnAttemptsMax`. */
export function loseTurn(core: Core, event: TurnLost, context: Context): Step {
  const { turn } = core;
  if (turn.at !== 'running' || turn.turnId !== event.turnId || turn.attempt !== event.attempt)
    return unchanged(core);
  const { attempt } = turn;
  if (attempt >= limits.turnAttemptsMax)
    return fail({ core, turn, context }, { attempt, usage: undefined, code: 'model_failed' });
  return running(unchanged(core), { ...turn, attempt: attempt + 1 });
}

function running(before: Step, turn: RunningTurn): Step {
  const { turnId, attempt, askedSeq, uptoSeq } = turn;
  const { answeredSeq } = before.core;
  const infer: Effect = { kind: 'infer', turnId, attempt, answeredSeq, askedSeq, uptoSeq };
  return {
    ...before,
    core: { ...before.core, turn },
    effects: [...before.effects, turnPush({ turnId, state: 'STARTED' }), infer],
  };
}

/** A turn that ends, and where. */
interface Ending {
  readonly core: Core;
  readonly turn: RunningTurn;
  readonly context: Context;
}

interface Outcome {
  readonly end: Exclude<Turn_StateJson, 'STARTED' | 'STATE_UNSPECIFIED'>;
  readonly attempt: number;
  readonly usage: Usage | undefined;
  /** Absent: nothing was written. */
  readonly message: MessageJson | undefined;
  readonly code?: string;
}

function fail(ending: Ending, outcome: Pick<Outcome, 'attempt' | 'usage'> & { readonly code: string }): Step {
  const { turnId } = ending.turn;
  const known = isCode(outcome.code) ? outcome.code : 'model_failed';
  const message: MessageJson = {
    id: `failed-${turnId}`,
    role: 'SYSTEM',
    text: codes[known].sentence,
    code: known,
    choices: [{ id: `retry:${turnId}`, text: tryAgain }],
  };
  return finish(ending, { ...outcome, end: 'FAILED', message, code: known });
}

function coachMessage(event: Answered | TurnStopped): MessageJson {
  return { id: `answer-${event.turnId}`, role: 'COACH', text: event.text, sources: [...event.sources] };
}

function finish(ending: Ending, outcome: Outcome): Step {
  const { core, turn } = ending;
  const { message, usage } = outcome;
  const shown = message === undefined ? [] : [placed(ending, message)];
  const messages = usage === undefined ? shown : shown.map((one) => ({ ...one, usage }));
  const isMoreAsked = core.askedSeq > turn.askedSeq;
  const ended: Core = {
    ...core,
    topSeq: core.topSeq + shown.length,
    askedSeq: isMoreAsked ? core.askedSeq : 0,
    answeredSeq: answeredBy(ending, outcome, isMoreAsked),
    turn: { at: 'idle' },
  };
  const turnFrame = { turnId: turn.turnId, state: outcome.end, ...(outcome.code && { code: outcome.code }) };
  return {
    core: ended,
    messages,
    effects: [...shown.map((one) => pushToAll({ message: one })), turnPush(turnFrame)],
    moments: [momentOf(turn, outcome, { isMoreAsked, seq: ended.topSeq })],
  };
}

/** When nothing more was asked, everything up to here is answered or needed no answer. */
function answeredBy({ core, turn }: Ending, { end }: Outcome, isMoreAsked: boolean): number {
  if (end === 'FAILED') return core.answeredSeq;
  return isMoreAsked ? turn.askedSeq : core.topSeq;
}

function placed({ core, turn, context }: Ending, message: MessageJson): NewMessage {
  return { ...message, seq: core.topSeq + 1, atMs: context.atMs, turnId: turn.turnId };
}

function momentOf(
  { turnId }: RunningTurn,
  { end, attempt, usage, message, code = 'model_failed' }: Outcome,
  { isMoreAsked, seq }: { readonly isMoreAsked: boolean; readonly seq: number },
): Moment {
  const ended = { turnId, attempt, usage, isMoreAsked };
  switch (end) {
    case 'COMPLETED':
      return { kind: 'coach_answered', ...ended, seq, text: message?.text ?? '' };
    case 'FAILED':
      return { kind: 'turn_failed', ...ended, seq, code };
    case 'STOPPED':
      return { kind: 'turn_stopped', ...ended, ...(message && { seq }) };
    default:
      return end satisfies never;
  }
}

function turnPush(turn: NonNullable<DownJson['turn']>): Effect {
  return pushToAll({ turn });
}
