/**
 * The stem of an English word in lower case, after M. F. Porter, "An algorithm for suffix stripping", Program
 * 14 (1980): https://tartarus.org/martin/PorterStemmer/def.txt. Other words mostly pass as they are.
 */
export function stem(word: string): string {
  if (word.length < 3 || !/^[a-z]+$/.test(word)) return word;
  return endings(derivations(tense(plural(word))));
}

const consonant = '(?:[^aeiouy]|(?<=^|[aeiou])y)';
const vowel = '(?:[aeiou]|(?<=[^aeiou])y)';
const hasVowel = new RegExp(vowel);
/** The measure m: how often a vowel is followed by a consonant. */
const measures = new RegExp(`${vowel}+${consonant}+`, 'g');
const doubled = /([^aeioulsz])\1$/;
const shortSyllable = new RegExp(`${consonant}${vowel}(?:[^aeiouwxy])$`);

function measure(stem: string): number {
  return stem.match(measures)?.length ?? 0;
}

function plural(word: string): string {
  if (word.endsWith('sses') || word.endsWith('ies')) return word.slice(0, -2);
  return word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
}

function tense(word: string): string {
  if (word.endsWith('eed')) return measure(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word;
  const root = /^(.+?)(?:ed|ing)$/.exec(word)?.[1];
  return ending(root !== undefined && hasVowel.test(root) ? repaired(root) : word);
}

function repaired(root: string): string {
  if (/(?:at|bl|iz)$/.test(root)) return `${root}e`;
  if (doubled.test(root)) return root.slice(0, -1);
  return measure(root) === 1 && shortSyllable.test(root) ? `${root}e` : root;
}

function ending(word: string): string {
  return word.endsWith('y') && hasVowel.test(word.slice(0, -1)) ? `${word.slice(0, -1)}i` : word;
}

const longSuffixes: readonly (readonly [string, string])[] = [
  ['ational', 'ate'],
  ['tional', 'tion'],
  ['enci', 'ence'],
  ['anci', 'ance'],
  ['izer', 'ize'],
  ['abli', 'able'],
  ['alli', 'al'],
  ['entli', 'ent'],
  ['eli', 'e'],
  ['ousli', 'ous'],
  ['ization', 'ize'],
  ['ation', 'ate'],
  ['ator', 'ate'],
  ['alism', 'al'],
  ['iveness', 'ive'],
  ['fulness', 'ful'],
  ['ousness', 'ous'],
  ['aliti', 'al'],
  ['iviti', 'ive'],
  ['biliti', 'ble'],
];
const shortSuffixes: readonly (readonly [string, string])[] = [
  ['icate', 'ic'],
  ['ative', ''],
  ['alize', 'al'],
  ['iciti', 'ic'],
  ['ical', 'ic'],
  ['ful', ''],
  ['ness', ''],
];

function derivations(word: string): string {
  return replaced(replaced(word, longSuffixes), shortSuffixes);
}

function replaced(word: string, suffixes: typeof longSuffixes): string {
  const found = suffixes.find(([suffix]) => word.endsWith(suffix));
  if (found === undefined) return word;
  const root = word.slice(0, -found[0].length);
  return measure(root) > 0 ? root + found[1] : word;
}

function endings(word: string): string {
  const suffix =
    /(?:ement|ance|ence|able|ible|ment|ant|ent|ism|ate|iti|ous|ive|ize|al|er|ic|ou)$|(?<=[st])ion$/.exec(
      word,
    )?.[0];
  const root = suffix === undefined ? word : word.slice(0, -suffix.length);
  return withoutE(suffix !== undefined && measure(root) > 1 ? root : word);
}

function withoutE(word: string): string {
  const root = word.slice(0, -1);
  if (word.endsWith('e') && (measure(root) > 1 || (measure(root) === 1 && !shortSyllable.test(root))))
    return root;
  return word.endsWith('ll') && measure(word) > 1 ? root : word;
}
