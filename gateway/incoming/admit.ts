// Hop 3 of 12: gateway/incoming/admit - size, rate, order -> verdict.
import { type Code, codes } from '@rapport/proto/codes.ts';
import { uuidPattern } from '@rapport/proto/identity.ts';
import type { Limits } from '@rapport/proto/limits.ts';
import { type Allowance, takeSay } from '../sockets/allowance.ts';
import type { SayFrame } from './up-frame.ts';

export type Verdict =
  | { readonly ok: true; readonly allowance: Allowance }
  | {
      readonly ok: false;
      readonly code: Code;
      readonly reason: string;
      readonly retryAfterMs?: number;
    };

/** The server makes the id of a choice, and makes it shorter. */
const choiceIdCharsMax = 128;
/** Receipts make room within milliseconds, unless the log is away. */
const inFlightRetryMs = 1_000;

/**
 * A text in which nothing can be seen: spaces of all kinds, control characters, and characters that fonts
 * leave out, such as U+200B or U+00AD. It is one class from end to end, so its time grows with the length
 * alone.
 */
const invisible = /^[\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

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
  const taken = takeSay(given.allowance, given.nowMs, limits);
  if (taken.ok) return taken;
  return { ok: false, code: 'too_fast', reason: codes.too_fast.sentence, retryAfterMs: taken.waitMs };
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
  if (invisible.test(say.text)) return refuse('text_empty', codes.text_empty.sentence);
  return undefined;
}

function refuse(code: Code, reason: string): Verdict {
  return { ok: false, code, reason };
}
