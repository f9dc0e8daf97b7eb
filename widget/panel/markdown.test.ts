import { expect, test } from 'vitest';
import { parseMarkdown, parseSpans } from './markdown.ts';

test('parseMarkdown() reads what coaches write', () => {
  const kinds = parseMarkdown(
    '# Title\n\nOne\ntwo\n\n- a\n- b\n  more\n\n1. x\n2) y\n\n> quoted\n\n```js\nlet a\n```',
  );
  expect(kinds.map(({ kind }) => kind)).toEqual(['heading', 'paragraph', 'list', 'list', 'quote', 'code']);
  expect(kinds[1]).toEqual({ kind: 'paragraph', spans: [{ kind: 'text', text: 'One\ntwo' }] });
  expect(kinds[2]).toMatchObject({ ordered: false, items: [[{ text: 'a' }], [{ text: 'b more' }]] });
  expect(kinds[3]).toMatchObject({ ordered: true });
  expect(kinds[5]).toEqual({ kind: 'code', text: 'let a' });
});

test('parseSpans() finds bold, emphasis, code and links, and leaves other marks alone', () => {
  const read = (text: string) => parseSpans(text).map((span) => `${span.kind}:${span.text}`);
  expect(read('a **b** *c* `d`')).toEqual(['text:a ', 'bold:b', 'text: ', 'emphasis:c', 'text: ', 'code:d']);
  expect(read('2 * 3 * 4 and snake_case_name')).toEqual(['text:2 * 3 * 4 and snake_case_name']);
  expect(read('half **written')).toEqual(['text:half **written']);
  expect(parseSpans('[here](/learn/x) https://a.test/b.')).toEqual([
    { kind: 'link', text: 'here', url: '/learn/x' },
    { kind: 'text', text: ' ' },
    { kind: 'link', text: 'https://a.test/b', url: 'https://a.test/b' },
    { kind: 'text', text: '.' },
  ]);
});

test('parseMarkdown() loses no text and takes no long time over hostile text', () => {
  const hostile = [
    '*'.repeat(8_000),
    '[a]('.repeat(2_000),
    '`'.repeat(8_000),
    '_a'.repeat(4_000),
    'https://'.repeat(1_000),
  ];
  const before = process.cpuUsage(); // Not the wall's clock: the machine may be busy.
  for (const text of hostile)
    expect(JSON.stringify(parseMarkdown(text)).length).toBeGreaterThan(text.length / 2);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(500);
});

test.each(['\n', 'a\n', '- a\n', '- a\n  b\n', '> a\n', '```\n', '# a\n'])(
  'parseMarkdown() takes time by the length of an answer of %j',
  (line) => {
    const text = line.repeat(256_000 / line.length); // With `shift` for each line, 32,000 took 0.5 s.
    const before = process.cpuUsage();
    parseMarkdown(text);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(500);
  },
);
