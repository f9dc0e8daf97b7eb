import type { SourceJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Found, Match } from '../library/found.ts';
import type { Passage } from '../library/passages.ts';
import { termsOf } from './lexicon.ts';
import type { Sentence } from './sentences.ts';

export interface Composed {
  readonly text: string;
  readonly sources: readonly SourceJson[];
}

/**
 * The evidence for a passage: the logarithm of its score, and the share of the question that it covers. With
 * this weight and this least sum `npm run evaluate` tells answerable questions from others best.
 */
const coverageWeight = 5.5;
const evidenceMin = 6.4;
/**
 * A question of one term is covered whole by any passage that has it once; below this score it only mentions
 * it.
 */
const scoreMin = 8;
/** Enough evidence must come from one of the first three matches. */
const evidenceFrom = 3;
const sentencesMax = 4;
/** The sentences of each answer to a message that asks two questions. */
const sentencesOfTwo = 2;
/** With this share of the question in its heading, a passage is read from its beginning. */
const headingEnough = 0.5;
/**
 * A passage is read from one of its first sentences, unless a later sentence scores `muchBetter` times
 * higher.
 */
const openingSentences = 3;
const muchBetter = 2.2;
/** A paragraph of this length is an answer without the next. */
const paragraphEnough = 160;
/** Enough for a direct answer: about three sentences. */
const charsAim = 320;

/** An answer made of the sentences that fit best; undefined when the evidence is weak. */
export function compose(found: Found): Composed | undefined {
  return ofTwo(found.parts ?? []) ?? ofOne(found);
}

/** Two questions in one message, each answered briefly; undefined where one passage is the answer to both. */
function ofTwo(parts: readonly Found[]): Composed | undefined {
  const [one, two] = parts;
  if (one === undefined || two === undefined) return undefined;
  const passages = parts.map(({ matches }) => matches[0]?.passage);
  if (passages[0] === passages[1]) return undefined;
  const answers = [one, two].map((part) => ofOne(part, sentencesOfTwo));
  const [first, second] = answers;
  if (first === undefined || second === undefined) return undefined;
  return { text: `${first.text}\n\n${second.text}`, sources: merged([...first.sources, ...second.sources]) };
}

/** Sources of one document become one source with both quotes. */
function merged(sources: readonly SourceJson[]): readonly SourceJson[] {
  const [first, second] = sources;
  if (first === undefined || second === undefined || first.documentId !== second.documentId) return sources;
  return [{ ...first, quote: `${first.quote} ${second.quote}` }];
}

function ofOne(found: Found, most = sentencesMax): Composed | undefined {
  const best = found.matches[0];
  if (best === undefined || !isEnough(best, found)) return undefined;
  const { sentences } = best.passage;
  const asksIt = coverageOf(termsOf(best.passage.heading), found) >= headingEnough;
  const opening = sentences.slice(saysYesOrNo(sentences, found) ? 1 : 0);
  const direct = (asksIt ? readable(opening) : directAnswer(opening, found)).slice(0, most);
  const step = most < sentencesMax ? undefined : nextStep(sentences, direct);
  const used = step === undefined ? direct : [...direct, step];
  const text = [joined(direct), ...(step === undefined ? [] : [step.text])].join('\n\n');
  return { text, sources: [sourceOf(best.passage, used)] };
}

/**
 * Whether the best match, or one of the next that is of the same document, has enough of the question: the
 * section that asks it may have fewer of its words than the one after it.
 */
function isEnough(best: Match, found: Found): boolean {
  const { documentId } = best.passage;
  return found.matches
    .slice(0, evidenceFrom)
    .filter(({ passage }) => passage.documentId === documentId)
    .some((match) => {
      const evidence = Math.log(match.score) + coverageWeight * coverageOf(match.terms, found);
      return match.score >= scoreMin && evidence >= evidenceMin;
    });
}

/** The share of the question's terms, by weight, that are among others. */
function coverageOf(terms: readonly string[], { weights }: Found): number {
  const sum = (terms: Iterable<string>) =>
    [...terms].reduce((all, term) => all + (weights.get(term) ?? 0), 0);
  const whole = sum(weights.keys());
  return whole === 0 ? 0 : sum(new Set(terms)) / whole;
}

/**
 * The sentences to begin with. A passage mostly begins with what its heading asks for; it is read from a
 * later paragraph where that fits the question much better, and never from the middle of one.
 */
function directAnswer(sentences: readonly Sentence[], found: Found): readonly Sentence[] {
  const scores = sentences.map(({ text }) => scoreOf(text, found));
  const opening = Math.max(...scores.slice(0, openingSentences));
  const best = scores.indexOf(Math.max(...scores));
  const from = sentences.findIndex(({ paragraph }) => paragraph === sentences[best]?.paragraph);
  const better = best >= openingSentences && (scores[best] ?? 0) > opening * muchBetter;
  const starts = better && from <= sentences.length - 2 && !leansBack(sentences[from]?.text ?? '');
  return readable(starts ? sentences.slice(from) : sentences);
}

/** A passage that begins with a yes or a no that nobody asked for: its heading asks, the person asked how. */
function saysYesOrNo([opening, next]: readonly Sentence[], { form }: Found): boolean {
  if (form === undefined || form === 'whether' || next === undefined) return false;
  return /^(yes|no)\b/i.test(opening?.text ?? '') && !leansBack(next.text);
}

/**
 * The sentences that make an answer: at least the first two, then up to the end of the paragraph if that is
 * near.
 */
function readable(sentences: readonly Sentence[]): readonly Sentence[] {
  const answer: Sentence[] = [];
  for (const sentence of sentences.slice(0, sentencesMax)) {
    const chars = joined(answer).length;
    const paragraphEnds = answer.length > 0 && answer.at(-1)?.paragraph !== sentence.paragraph;
    const enough = chars >= (paragraphEnds ? paragraphEnough : charsAim);
    if (answer.length > 1 && (enough || chars + sentence.text.length > charsAim * 1.5)) break;
    answer.push(sentence);
  }
  return answer;
}

function scoreOf(text: string, { weights }: Found): number {
  return termsOf(text).reduce((score, term) => score + (weights.get(term) ?? 0), 0);
}

const pointsBack = /^(it|its|this|that|these|those|they|them|he|she)\b/i;
const goesOn =
  /^(but|and|or|so|then|instead|however|also|both|neither|such|for example|therefore|otherwise|still)\b/i;
/** Beginnings that refer to an earlier sentence: "the method", "the same rule", "therefore". */
const namedBefore =
  /^(the (?:method|idea|rule|same|reason|result|answer|effect|point)\b|.{0,60}\b(therefore|as well)\b)/i;

/** A sentence that makes sense only after the one before it. */
function leansBack(text: string): boolean {
  return pointsBack.test(text) || goesOn.test(text) || namedBefore.test(text);
}

/** A sentence that tells what to do, from further down the same passage. */
function nextStep(sentences: readonly Sentence[], used: readonly Sentence[]): Sentence | undefined {
  if (used.length >= sentencesMax || used.some(({ text }) => tellsWhatToDo(text))) return undefined;
  const after = sentences.slice(sentences.indexOf(used.at(-1) ?? { text: '', paragraph: 0 }) + 1);
  return after.find(({ text }) => tellsWhatToDo(text) && !leansBack(text));
}

const adviceVerbs = `ask begin breathe choose close count cut decide do drop end find get give go hold imagine
  keep leave let limit list look make move name note notice open pause pick plan practice practise put read
  remove repeat replace rest say schedule set sit sleep start stay stop take talk tell think try turn use wait
  walk write`.split(/\s+/);
const advice = new RegExp(`^(${adviceVerbs.join('|')})\\b`, 'i');

function tellsWhatToDo(text: string): boolean {
  return advice.test(text);
}

function joined(sentences: readonly Sentence[]): string {
  return sentences
    .map(({ text, paragraph }, at) => {
      const before = sentences[at - 1];
      if (before === undefined) return text;
      return `${before.paragraph === paragraph ? ' ' : '\n\n'}${text}`;
    })
    .join('');
}

function sourceOf(passage: Passage, used: readonly Sentence[]): SourceJson {
  const { documentId, title, url } = passage;
  return { documentId, title, url, quote: used.map(({ text }) => text).join(' ') };
}
