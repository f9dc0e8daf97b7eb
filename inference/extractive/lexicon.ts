import { stem } from './stem.ts';
import { canonical } from './synonyms.ts';

/**
 * Words that say nothing about what a question is about. English; other languages are matched word by word.
 */
const stopWords = new Set(
  `a about actually after again ain all also always am an and another any anybody anyone anything are aren as
  at away be because been before being both but by can cannot cant could couldn did didn do does doesn doing
  don done dont down each either else especially ever every everything few for from get gets getting give go
  goes going gonna good got guess had hadn has hasn have haven having he help hello hey her here hers hi him
  his how i if im in instead into is isn it its itself ive just keep keeps kind know let like lot ll made
  make makes many matter maybe me mean might mine more most much must my myself need needs never no nor not
  now of off often ok okay on one ones only or other our out over own please possible really same say see
  seem seems she should shouldn simply since so some somebody someone something sometimes still stuff such
  sure take tell than thank thanks that the their them then there these they thing things think this those
  though to too true try trying up us use ve very want was wasn way ways we well were weren what whats when
  where which while who whom whose why will wish with without won wont would wouldn yes yet you your yours
  yourself able best better bit happen happens elaborate example explain tip tips advice cope coping deal
  dealing handle handling manage managing stay staying`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

/** The text's words in lower case, without accents: `Café's 20-minute` gives cafe, 20, minute. */
export function wordsOf(text: string): readonly string[] {
  const apart = unaccented(text)
    .toLowerCase()
    .replace(/(\p{L})['’](s|t|m|re|ve|ll|d)\b/gu, '$1 $2')
    .replace(/\b([ap])\.m\b\.?/g, '$1m');
  // The words of these phrases say nothing by themselves, so that one word takes the place of each phrase.
  const whole = apart
    .replace(/\bput(?:s|ting)? (?:\p{L}+ ){0,2}off\b/gu, 'procrastinate')
    .replace(/\b(?:say(?:s|ing)?|said) no\b/gu, 'refuse');
  return whole.match(/\p{L}+|\p{N}+/gu) ?? [];
}

/**
 * Letters without their accents, and other forms of a character as the usual one. In runs of limited length:
 * normalize() sorts marks that follow one another in time by the square of their number. The sorting is all
 * that a run's end changes, and the marks are taken out anyway.
 */
function unaccented(text: string): string {
  return text.replace(/\P{ASCII}{1,64}/gu, spelledOut).replace(/\p{M}+/gu, '');
}

/** A ligature may stand for a whole sentence: a text of such signs would become many times as long. */
const growthMax = 4;

function spelledOut(run: string): string {
  const plain = run.normalize('NFKD');
  return plain.length > growthMax * run.length ? run : plain;
}

/** The term a word is indexed and searched under; null for a word that says nothing. */
export function termOf(word: string): string | null {
  if (stopWords.has(word) || (word.length < 2 && !/\p{N}/u.test(word))) return null;
  return canonical(stem(word));
}

/** The distinct terms of a text, in the order of their first use. */
export function termsOf(text: string): readonly string[] {
  const terms = wordsOf(text).map(termOf);
  return [...new Set(terms.filter((term) => term !== null))];
}
