import type { SourceJson } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import type { Match, Passage } from './lexical-retriever.ts';
import { termsOf } from './lexicon.ts';
import type { Found } from './library.ts';
import { type Sentence, sentencesOf } from './sentences.ts';

export interface Composed {
  readonly text: string;
  readonly sources: readonly SourceJson[];
}

/**
 * What speaks for a passage: how well it matches (the logarithm of its score) and how much of the question it
 * covers. The weight and the least sum are where `npm run evaluate` tells answerable questions from others
 * best.
 */
const coverageWeight = 5.5;
const evidenceMin = 6.4;
/**
 * A question of one term is covered whole by any passage that has it once; below this score it only mentions
 * it.
 */
const scoreMin = 8;
const sentencesMax = 4;
/** Where a passage is read from its beginning, unless a later sentence fits so many times better. */
const openingSentences = 3;
const muchBetter = 2.2;
/** A paragraph of this length is an answer without the next. */
const paragraphEnough = 160;
/** Enough for a direct answer: about three sentences. */
const charsAim = 320;

/** An answer made of the sentences that fit best; undefined when the evidence is weak. */
export function compose(found: Found): Composed | undefined {
  const best = found.matches[0];
  if (best === undefined || !isEnough(best, found)) return undefined;
  const sentences = sentencesOf(best.passage.text);
  const direct = directAnswer(sentences, found);
  const step = nextStep(sentences, direct);
  const used = step === undefined ? direct : [...direct, step];
  const text = [joined(direct), ...(step === undefined ? [] : [step.text])].join('\n\n');
  return { text, sources: [sourceOf(best.passage, used)] };
}

function isEnough(match: Match, found: Found): boolean {
  const evidence = Math.log(match.score) + coverageWeight * coverageOf(match, found);
  return match.score >= scoreMin && evidence >= evidenceMin;
}

/** The share of the question's terms, by weight, that the passage has. */
function coverageOf(match: Match, { weights }: Found): number {
  const sum = (terms: Iterable<string>) =>
    [...terms].reduce((all, term) => all + (weights.get(term) ?? 0), 0);
  const whole = sum(weights.keys());
  return whole === 0 ? 0 : sum(match.terms) / whole;
}

/**
 * The sentences to begin with. A passage mostly begins with what its heading asks for; it is read from
 * further on where a sentence there fits the question much better.
 */
function directAnswer(sentences: readonly Sentence[], found: Found): readonly Sentence[] {
  const scores = sentences.map(({ text }) => scoreOf(text, found));
  const opening = Math.max(...scores.slice(0, openingSentences));
  const best = scores.indexOf(Math.max(...scores));
  let from = best >= openingSentences && (scores[best] ?? 0) > opening * muchBetter ? best : 0;
  while (from > 0 && (leansBack(sentences[from]?.text ?? '') || from > sentences.length - 2)) from -= 1;
  return readable(sentences.slice(from));
}

/**
 * As many of the sentences as make an answer: the first two at least, then to the end of a paragraph if that
 * is near.
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
const goesOn = /^(but|and|or|so|then|instead|however|also|both|neither|such|for example)\b/i;

/** A sentence that makes sense only after the one before it. */
function leansBack(text: string): boolean {
  return pointsBack.test(text) || goesOn.test(text);
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
  const { documentId, title, url } = passage.metadata;
  return { documentId, title, url, quote: used.map(({ text }) => text).join(' ') };
}
