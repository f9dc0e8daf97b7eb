import { type Message, Role } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { termsOf, wordsOf } from './lexicon.ts';

/** Words a message begins with when it goes on about what was said before. */
const followUps = [
  /^(why|how so|how come|tell me more|more|go on|and|but|what about|how about|what else|anything else)\b/,
  /^(what then|then what|say more|for example|an example|can you (explain|elaborate)|explain|really)\b/,
  /^(is that|does that|will that|would that|what if (it|that|this))\b/,
  /^(please )?(try( it)? again|again|retry|repeat( that)?|say (it|that) again|once more|one more time)\b/,
];

/** A message of so few terms after such a beginning says little by itself. */
const ownTermsEnough = 4;

/** The end of a message is searched for: long messages tell a story first and ask at their end. */
const queryCharsMax = 1_000;

/**
 * The text to search the knowledge for: the person's last message. The message before is added when the last
 * one continues it ("why?", "tell me more"). At most 2,001 characters.
 */
export function queryOf(messages: readonly Message[]): string {
  const said = messages.filter(({ role }) => role === Role.USER).map(({ text }) => endOf(text));
  const last = said.at(-1) ?? '';
  const terms = termsOf(last);
  const words = wordsOf(last).join(' ');
  const goesOn = followUps.some((beginning) => beginning.test(words)) && terms.length < ownTermsEnough;
  if (terms.length > 0 && !goesOn) return last;
  const before = said.slice(0, -1).findLast((text) => termsOf(text).length > 0);
  return before === undefined ? last : `${before}\n${last}`;
}

/** The last words of a text, from the beginning of a word where there is one. */
function endOf(text: string): string {
  if (text.length <= queryCharsMax) return text;
  const end = text.slice(-queryCharsMax);
  return end.slice(end.search(/\s/) + 1).toWellFormed();
}

const asks = '(?:how|what|why|when|where|which|should|can|does|do|is|are|am)';
const betweenQuestions = new RegExp(`(?:\\?|,? and|, or)\\s+(?=${asks}\\b)`, 'i');

/** The two questions that a message asks one after the other; none when it asks one, or goes on and on. */
export function questionsOf(query: string): readonly string[] {
  const parts = query.split(betweenQuestions);
  const each = parts.every((part) => new RegExp(`^${asks}\\b`, 'i').test(part) && termsOf(part).length > 0);
  return parts.length === 2 && each ? parts : [];
}
