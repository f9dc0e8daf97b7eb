import { expect, test } from 'vitest';
import { htmlOf } from './markdown-html.ts';

test('htmlOf() makes headings, paragraphs, lists, emphasis, code, links and tables', () => {
  const text =
    '# One\n\nA\n*line* `c`.\n\n### Three\n\n- a\n- b\n\n1. x\n2. y\n\n' +
    '[to](https://x.example/a)\n\n|a|\n|-|\n|b|';
  expect(htmlOf(text).replaceAll('\n', '')).toBe(
    [
      '<h2>One</h2><p>A<em>line</em> <code>c</code>.</p><h3>Three</h3><ul><li>a</li><li>b</li></ul>',
      '<ol><li>x</li><li>y</li></ol><p><a href="https://x.example/a">to</a></p>',
      '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>',
    ].join(''),
  );
});

test('htmlOf() takes no heading out of a code fence', () => {
  expect(htmlOf('~~~\n# no\n~~~')).toBe('<pre><code># no\n</code></pre>\n');
});

test.each([
  '<script>x</script>',
  '# <img onerror=x>',
  '- <b>',
  '1. "\'&',
  '<div onclick=x>\n\nx\n</div>',
  '[a](javascript:alert(1))',
  '[a](JaVaScRiPt:alert(1))',
  '[a](java\tscript:alert(1))',
  '[a](&#106;avascript:alert(1))',
  '[a](data:text/html,x)',
  '[a](vbscript:x)',
  '[a](//evil.example)',
  '![a](https://x.example/track.gif)',
  '![" onerror="x](x)',
  '<javascript:alert(1)>',
  '[a]: javascript:alert(1)\n\n[a]',
  '`<b onmouseover=x>`',
  '```"onload="x\na\n```',
])('htmlOf() lets no markup, foreign scheme or image of a document through: %j', (text) => {
  const tags = htmlOf(text).replaceAll(
    /<\/?(?:p|h2|ul|ol|li|code|pre)>|<code class="language-[^"<>]*">/g,
    '',
  );
  expect(tags).not.toMatch(/[<>]/);
});

const documentChars = 256 * 1024;
const filled = (unit: string) => unit.repeat(Math.ceil(documentChars / unit.length)).slice(0, documentChars);
/** One line for each depth: each is indented by one step more. */
const nested = (step: string) =>
  Array.from({ length: 700 }, (_, depth) => `${step.repeat(depth)}- a\n`).join('');

test.each([
  ['a heading of spaces', `# ${filled(' ')}\u2028 note`],
  ['a heading of marks', `# a${filled(' #')}x`],
  ['open brackets', filled('[')],
  ['open images', filled('![')],
  ['brackets within each other', `${'['.repeat(documentChars / 2)}${']'.repeat(documentChars / 2)}`],
  ['links that do not end', filled('[a](<')],
  ['stars', filled('*')],
  ['stars that open', filled('*a ')],
  ['stars that open and close', `${filled('a**b')}${'c* '.repeat(1_000)}`],
  ['underscores', filled('_a ')],
  ['both kinds of emphasis', filled('*a_ ')],
  ['backticks', filled('`')],
  ['backticks of each length', Array.from({ length: 720 }, (_, at) => `${'`'.repeat(at)}a`).join('')],
  ['quotes', filled('>')],
  ['quotes and lists', filled('>- 1. ')],
  ['list items', filled('- a\n')],
  ['lists within each other', nested(' ')],
  ['lists within each other by tabs', nested('\t')],
  ['angle brackets', filled('<')],
  ['tags that do not end', filled('<a ')],
  ['comments that do not end', filled('<!--')],
  ['a table of pipes', `${'|a'.repeat(100)}\n${'|-'.repeat(100)}\n${filled('|a\n')}`],
  ['headings under lines', filled('a\n-\n')],
  ['references', filled('[a]: b\n')],
  ['entities', filled('&#')],
  ['backslashes', filled('\\')],
  ['one word', filled('a')],
])('htmlOf() takes 256 KiB of %s in time by their length', { timeout: 60_000 }, (_what, text) => {
  const eighthMs = cpuMsOf(() => htmlOf(text.slice(0, documentChars / 8)));
  // Eight times the text takes eight times as long; by the square it would be 64 times.
  expect(cpuMsOf(() => htmlOf(text))).toBeLessThan(Math.max(150, 30 * eighthMs));
});

/** Time of the processor in this thread: other programs may use the machine meanwhile. */
function cpuMsOf(act: () => void): number {
  const before = process.threadCpuUsage();
  act();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
