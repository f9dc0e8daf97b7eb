const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * The longest beginning of `text` of at most `charsMax` UTF-16 units that ends between two characters as
 * people see them.
 */
export function beginningOf(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  // The window reaches beyond the cut, so that the segmenter sees the whole character at the cut.
  const window = text.slice(Math.max(0, charsMax - graphemeCharsMax), charsMax + 2);
  const from = Math.max(0, charsMax - graphemeCharsMax);
  const at = graphemes.segment(window).containing(charsMax - from)?.index ?? 0;
  if (at > 0) return text.slice(0, from + at);
  // A character longer than any real one: it is cut, but never between the halves of a surrogate pair.
  return text.slice(0, isHighSurrogate(text.charCodeAt(charsMax - 1)) ? charsMax - 1 : charsMax);
}

/** The longest emoji in use have some 35 units; marks on a letter rarely exceed ten. */
const graphemeCharsMax = 100;

export function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/**
 * `text` in parts of at most `charsMax`, each ended at a sentence, a line or a word where there is one late
 * enough.
 */
export function partsOf(text: string, charsMax: number): readonly string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > charsMax) {
    const window = beginningOf(rest, charsMax);
    const sentence = Math.max(window.lastIndexOf('. '), window.lastIndexOf('? '), window.lastIndexOf('\n'));
    const end = sentence > charsMax / 3 ? sentence : window.lastIndexOf(' ');
    const at = end > charsMax / 3 ? end + 1 : window.length;
    parts.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trim();
  }
  return [...parts, rest].filter((part) => part !== '');
}
