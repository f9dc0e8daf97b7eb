/** Repeats `unit` to a text of `chars` UTF-16 units. */
const filled = (unit: string, chars: number) => unit.repeat(Math.ceil(chars / unit.length)).slice(0, chars);

/** Different words of `letters` letters, with a space between two. */
function words(letters: number, chars: number): string {
  const all: string[] = [];
  for (let at = 0; at * (letters + 1) < chars; at += 1) {
    all.push(
      at
        .toString(36)
        .replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '')
        .padStart(letters, 'a'),
    );
  }
  return all.join(' ').slice(0, chars);
}

type Make = (chars: number) => string;

/** Messages that make a careless function take much longer than their length explains. */
const saidClasses: Readonly<Record<string, Make>> = {
  vowels: (chars) => filled('aeiou', chars),
  consonants: (chars) => filled('bcdfg', chars),
  letters: (chars) => filled('a', chars),
  ing: (chars) => `${filled('a', chars - 3)}ing`,
  eed: (chars) => `${filled('a', chars - 3)}eed`,
  ies: (chars) => filled('yxies', chars),
  digits: (chars) => filled('7', chars),
  spaces: (chars) => `a${filled(' ', chars - 2)}a`,
  spacesAtTheEnd: (chars) => `a${filled(' ', chars - 1)}`,
  newlines: (chars) => `a${filled('\n', chars - 2)}a`,
  lineSeparators: (chars) => filled('\u2028', chars),
  marks: (chars) => `a${filled('\u0301\u0316', chars - 1)}`,
  marksSorted: (chars) => filled('\u0301', chars / 2) + filled('\u0316', chars / 2),
  voicedMarks: (chars) => filled('\uff9e\u0301', chars),
  ligatures: (chars) => filled('\ufdfa', chars),
  surrogates: (chars) => filled('\ud83d', chars),
  emoji: (chars) => filled('👨‍👩‍👧 ', chars),
  han: (chars) => filled('睡眠', chars),
  apostrophes: (chars) => filled("a's ", chars),
  puts: (chars) => filled('put a ', chars),
  putLong: (chars) => `put ${filled('a', chars - 4)}`,
  saysNo: (chars) => filled('say ', chars),
  times: (chars) => filled('a.m.', chars),
  greetings: (chars) => filled('hi there ', chars),
  greetingsJoined: (chars) => filled('hihello yo', chars),
  praise: (chars) => filled('ok great ', chars),
  whys: (chars) => filled('why ', chars),
  questions: (chars) => filled('how? ', chars),
  ands: (chars) => filled('how a, and ', chars),
  howDoI: (chars) => filled('how do i ', chars),
  words: (chars) => words(8, chars),
  longWords: (chars) => words(39, chars),
  stopWords: (chars) => filled('the and ', chars),
  sentences: (chars) => filled('A b. ', chars),
};

/** The same for a creator's documents. */
const markdownClasses: Readonly<Record<string, Make>> = {
  ...saidClasses,
  headingSpaces: (chars) => `# ${filled(' ', chars)}\u2028 note`,
  headingMarks: (chars) => `# a${filled(' #', chars)}x`,
  headings: (chars) => filled('# a\n', chars),
  nestedHeadings: (chars) => `# ${filled('long ', chars / 2)}\n${filled('## a\nb\n', chars / 2)}`,
  setext: (chars) => filled('a\n=\n', chars),
  brackets: (chars) => filled('[', chars),
  links: (chars) => filled('[a](', chars),
  nestedLinks: (chars) => '['.repeat(chars / 2) + ']'.repeat(chars / 2),
  images: (chars) => filled('![', chars),
  stars: (chars) => filled('*', chars),
  openStars: (chars) => filled('**a *b ', chars),
  emphasis: (chars) => filled('a**b', chars / 2) + filled('c* ', chars / 2),
  underlines: (chars) => filled('_', chars),
  backticks: (chars) => filled('`', chars),
  unlikeBackticks: (chars) =>
    Array.from({ length: Math.sqrt(2 * chars) }, (_, at) => '`'.repeat(at)).join(' '),
  tildes: (chars) => filled('~~a ', chars),
  fences: (chars) => filled('```\n', chars),
  quotes: (chars) => filled('>', chars),
  quotedLines: (chars) => filled('> a\n', chars),
  lazyQuotes: (chars) => `${filled('> ', chars / 2)}\n${filled('a\n', chars / 2)}`,
  lists: (chars) => filled('- ', chars),
  items: (chars) => filled('- a\n\n', chars),
  nestedLists: (chars) =>
    Array.from({ length: Math.sqrt(chars) }, (_, at) => `${' '.repeat(2 * at)}- a\n`).join(''),
  rules: (chars) => `${filled('* ', chars)}a`,
  angles: (chars) => filled('<', chars),
  tags: (chars) => `x${filled('<a b ', chars)}`,
  quotedTags: (chars) => `x${filled('<a b="', chars)}`,
  comments: (chars) => filled('<!--', chars),
  scripts: (chars) => filled('<script>', chars),
  processing: (chars) => `x${filled('<?', chars)}`,
  addresses: (chars) => filled('<http:', chars),
  entities: (chars) => filled('&#', chars),
  escapes: (chars) => filled('\\', chars),
  table: (chars) => `a|b\n-|-\n${filled('a|b\n', chars)}`,
  wideTable: (chars) => `${filled('a|', 2_000)}\n${filled('-|', 2_000)}\n${filled('|\n', chars)}`,
  references: (chars) => filled('[a]: b\n', chars),
  usedReferences: (chars) => `[a]: b\n\n${filled('[a][b]', chars)}`,
  dots: (chars) => filled('.', chars),
};

/** A message of the longest kind of each class, by the class' name. */
export const hostileMessages: ReadonlyMap<string, Make> = new Map(Object.entries(saidClasses));
/** A document of each class. */
export const hostileDocuments: ReadonlyMap<string, Make> = new Map(Object.entries(markdownClasses));

export const messageCharsMax = 8_000;
export const documentCharsMax = 256 * 1024;
