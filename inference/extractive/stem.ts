import { stemmer } from 'stemmer';

/**
 * A longer word is a name, an address or no word at all: its end says nothing. The longest common ones have
 * 20.
 */
const wordCharsMax = 40;

/**
 * The stem of an English word in lower case, by M. F. Porter's algorithm. A long word and a word of other
 * letters stay as they are.
 */
export function stem(word: string): string {
  return word.length <= wordCharsMax && /^[a-z]{3,}$/.test(word) ? stemmer(word) : word;
}
