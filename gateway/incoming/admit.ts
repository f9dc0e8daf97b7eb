// Hop 3 of 12: gateway/incoming/admit - size, rate, order -> verdict.
import { type Code, codes } from '@rapport/proto/codes.ts';
import { uuidPattern } from '@rapport/proto/identity.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import type { SayFrame } from './frame.ts';

/** How many says a person has in hand, as counted at `atMs`. They come back evenly over the window. */
export interface Allowance {
  readonly says: number;
  readonly atMs: number;
}

/** What a person who comes anew has: the first count fills it up to the limit. */
export const fullAllowance: Allowance = { says: Number.POSITIVE_INFINITY, atMs: 0 };

export type Verdict =
  | { readonly ok: true; readonly allowance: Allowance }
  | {
      readonly ok: false;
      readonly code: Code;
      readonly reason: string;
      readonly retryAfterMs?: number;
    };

/** An offered choice's id is made by us; this is ample. */
const choiceIdCharsMax = 128;
/** Receipts free the way within milliseconds, unless the log is down. */
const inFlightRetryMs = 1_000;

/** Whether a say may go into the log. Pure: the caller keeps the allowance that comes back. */
export function admit(
  say: SayFrame,
  given: {
    readonly appending: number;
    readonly allowance: Allowance;
    readonly nowMs: number;
    readonly limits: Limits;
  },
): Verdict {
  const { appending, limits } = given;
  const flaw = flawOf(say, limits);
  if (flaw !== undefined) return flaw;
  if (appending >= limits.saysInFlightMax) {
    return {
      ok: false,
      code: 'too_many_in_flight',
      reason: codes.too_many_in_flight.sentence,
      retryAfterMs: inFlightRetryMs,
    };
  }
  return take(given);
}

/**
 * The allowance of a person who has says elsewhere too. Pure. `debtMs` is the time until all that was counted
 * there and here has come back; `uncounted` says of this gateway are not in it yet. It never gives more.
 */
export function lowered(
  allowance: Allowance,
  given: {
    readonly debtMs: number;
    readonly uncounted: number;
    readonly nowMs: number;
    readonly limits: Limits;
  },
): Allowance {
  const { debtMs, uncounted, nowMs, limits } = given;
  const { saysPerWindowMax, saysWindowMs } = limits;
  const says = ((saysWindowMs - debtMs) * saysPerWindowMax) / saysWindowMs - uncounted;
  return says < saysAt(allowance, nowMs, limits) ? { says, atMs: nowMs } : allowance;
}

function flawOf(say: SayFrame, { textCharsMax }: Limits): Verdict | undefined {
  if (say.clientSeq === 0) return refuse('bad_frame', 'Cannot take the say: clientSeq counts from 1');
  if (!uuidPattern.test(say.id)) return refuse('bad_frame', 'Cannot take the say: id should be a UUID');
  if (say.choiceId.length > choiceIdCharsMax) {
    return refuse('bad_frame', `Cannot take the say: choiceId is longer than ${choiceIdCharsMax}`);
  }
  if (say.text.length > textCharsMax) {
    return refuse(
      'text_too_long',
      `Cannot take a text of ${say.text.length} characters: textCharsMax is ${textCharsMax}`,
    );
  }
  if (say.text.trim() === '') return refuse('text_empty', codes.text_empty.sentence);
  return undefined;
}

function refuse(code: Code, reason: string): Verdict {
  return { ok: false, code, reason };
}

function take({
  allowance,
  nowMs,
  limits,
}: {
  readonly allowance: Allowance;
  readonly nowMs: number;
  readonly limits: Limits;
}): Verdict {
  const { saysPerWindowMax, saysWindowMs } = limits;
  const says = saysAt(allowance, nowMs, limits);
  if (says >= 1) return { ok: true, allowance: { says: says - 1, atMs: nowMs } };
  const retryAfterMs = Math.ceil(((1 - says) * saysWindowMs) / saysPerWindowMax);
  return { ok: false, code: 'too_fast', reason: codes.too_fast.sentence, retryAfterMs };
}

function saysAt(
  allowance: Allowance,
  nowMs: number,
  { saysPerWindowMax, saysWindowMs }: Pick<Limits, 'saysPerWindowMax' | 'saysWindowMs'>,
): number {
  const back = ((nowMs - allowance.atMs) * saysPerWindowMax) / saysWindowMs;
  return Math.min(saysPerWindowMax, allowance.says + back);
}
