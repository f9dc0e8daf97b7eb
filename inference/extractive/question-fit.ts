import { termsOf, wordsOf } from './lexicon.ts';

/** The kind of answer that a question asks for. */
export type Form = 'amount' | 'duration' | 'frequency' | 'time' | 'reason' | 'way' | 'meaning' | 'whether';

/** A question, or a title or heading that may ask the same. */
export interface Asked {
  readonly terms: readonly string[];
  /** Undefined where the words do not say: a statement, a noun. */
  readonly form: Form | undefined;
}

/**
 * Words too common to search for, which still tell one question on a subject from another: to sleep better
 * and not to be able to sleep are two questions on sleep. They count as terms of little weight.
 */
const marks: readonly (readonly [string, RegExp])[] = [
  ['+good', /\b(?:good|well|better|best|improve|most important|help me)\b/],
  ['+deal', /\b(?:deal|cope|handle|manage)\b/],
  ['+cannot', /\b(?:can t|cant|cannot|can not|couldn t|unable)\b/],
];

/** The weight of a mark; terms weigh 1 to 6. */
const markWeight = 2;

/** The terms of a question and the kind of answer that it wants. */
export function askedIn(text: string): Asked {
  const words = wordsOf(text).join(' ');
  const said = marks.filter(([, pattern]) => pattern.test(words)).map(([mark]) => mark);
  const form = forms.find(([, pattern]) => pattern.test(words))?.[0];
  return { terms: [...termsOf(text), ...said], form };
}

/** The questions that a passage answers by its title and heading. */
export interface Offer {
  readonly title: Asked;
  readonly heading: Asked;
  /** Where it is in its document: the first passages are those that answer the title. */
  readonly index: number;
  /** The counted forms for which the beginning of the passage has a number, for example "twenty minutes". */
  readonly counts: readonly Form[];
}

const forms: readonly (readonly [Form, RegExp])[] = [
  ['whether', /^how (?:do|can|could|will|would) i (?:know|tell|recogni[sz]e|notice)\b(?! how)/],
  ['amount', /^how (?:much|many|old)\b|\b(?:find out|know|tell) how (?:much|many)\b/],
  ['duration', /^how (?:long|soon|fast|quickly) (?!before)/],
  ['frequency', /^how (?:often|frequently)\b/],
  ['way', /^what (?:is|are|s) (?:a |an |the |my )?(?:best (?:way|thing|method)|good|most important|first)\b/],
  [
    'way',
    /^i (?:m |am )?(?:can t|cant|cannot|keep|always|never|feel|struggl|want|need|have (?:trouble|problems))/,
  ],
  ['time', /^(?:when|at what time|what time|how long before|what is the best time)\b/],
  ['reason', /^(?:why|how come|what (?:causes|makes))\b/],
  ['way', /^(?:how (?:do|can|could|should|would|to|might)|what (?:should|can|could|do|helps|works|to do))\b/],
  ['way', /^(?:(?:best|good|any|some) )?(?:ways?|tips?|help|advice|methods?) (?:to|for|on|with|me)\b/],
  ['meaning', /^(?:what (?:is|are|s|does|happens|exactly)|which|who|where|how (?:does|is|are|will))\b/],
  ['whether', /^(?:is|are|am|do|does|did|can|could|should|will|would|may|has|have)\b/],
];
const counted: readonly Form[] = ['amount', 'duration', 'frequency'];

/** How much of the passage's beginning is searched for the number that a question of "how many" asks for. */
const countWithinChars = 400;
/**
 * The weights of a heading and a title beside the score by words: a passage whose heading asks the very
 * question counts at least four times. Found by `npm run evaluate` and by reading the answers.
 */
const headingWeight = 2;
const titleWeight = 2;
/** A title says which document; the further down a passage is, the less it is the answer to the title. */
const titleFade = 0.5;
/** For a "how" question, rank leading passages that explain "why" lower. */
const titleOtherForm = 0.25;
/** The text above the first heading leads up to the answer. */
const introduction = 0.5;
const sameForm = 1;
const otherForm = -0.4;
const numberAsked = 0.4;

export function offerOf(passage: {
  readonly title: string;
  readonly heading: string;
  readonly index: number;
  readonly text: string;
}): Offer {
  const { title, heading, index, text } = passage;
  // A heading's form is that of the innermost one; the ones above it say what it is about.
  const { form } = askedIn(heading.split(' > ').at(-1) ?? '');
  return {
    title: askedIn(title),
    heading: { ...askedIn(heading), form },
    index,
    counts: countsIn(text.slice(0, countWithinChars)),
  };
}

const someNumber =
  '(?:\\p{N}{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|fifteen|twenty|thirty|forty|sixty|ninety)';
const number = new RegExp(`\\b${someNumber}\\b`, 'iu');
const span = new RegExp(
  `\\b${someNumber}[ -](?:or \\S+ )?(?:second|minute|hour|day|week|month|year)s\\b`,
  'iu',
);

function countsIn(text: string): readonly Form[] {
  if (!number.test(text)) return [];
  return span.test(text) ? ['amount', 'duration', 'frequency'] : ['amount'];
}

/** By how much a passage's score is to be multiplied for what its title and heading say it answers. */
export function fitOf(asked: Asked, offer: Offer, weightOf: (term: string) => number): number {
  const heading = likeness(asked, offer.heading, weightOf);
  const title = likeness(asked, offer.title, weightOf) * titleShare(asked, offer);
  const form = formFit(asked, offer) * Math.max(heading, title);
  return 1 + headingWeight * heading + titleWeight * title + form;
}

/** How far the passage answers its document's title. */
function titleShare({ form }: Asked, { index, heading }: Offer): number {
  if (heading.terms.length === 0) return introduction;
  const place = 1 / (1 + titleFade * Math.max(0, index - 1));
  const other = form !== undefined && heading.form !== undefined && opposed(form, heading.form);
  return other ? place * titleOtherForm : place;
}

function formFit({ form }: Asked, { heading, counts }: Offer): number {
  if (form === undefined || heading.form === undefined) return 0;
  if (form === heading.form) return sameForm;
  if (counted.includes(form)) return counts.includes(form) ? numberAsked : otherForm;
  return opposed(form, heading.form) ? otherForm : 0;
}

/** An answer of form `other` does not help with a question of this form: "why" does not answer "how". */
function opposed(form: Form, other: Form): boolean {
  if (form === 'way') return ['reason', 'time', ...counted].includes(other);
  if (form === 'time') return ['way', 'reason'].includes(other);
  return form === 'reason' && [...counted, 'way', 'time'].includes(other);
}

/** Dice's coefficient of the two sets of terms by their weights: 1 for the same, 0 for nothing shared. */
function likeness(a: Asked, b: Asked, weightOf: (term: string) => number): number {
  const weight = (term: string) => (term.startsWith('+') ? markWeight : weightOf(term));
  const sum = (terms: readonly string[]) => terms.reduce((all, term) => all + weight(term), 0);
  const whole = sum(a.terms) + sum(b.terms);
  return whole === 0 ? 0 : (2 * sum(a.terms.filter((term) => b.terms.includes(term)))) / whole;
}
