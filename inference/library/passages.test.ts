import { describe, expect, it } from 'vitest';
import { napDocument } from '../testing/fixture.ts';
import { passagesOf } from './passages.ts';

const textsOf = (text: string) => passagesOf({ ...napDocument, text }).map((passage) => passage.text);

describe('passagesOf()', () => {
  it('cuts at headings and tells each passage the headings above it', () => {
    const passages = passagesOf({
      ...napDocument,
      text: 'Intro.\n\n# A\nOne.\n## B\n\nTwo.\n\n## C\n\n# D\n\nThree.',
    });
    expect(passages.map(({ heading, text }) => [heading, text])).toEqual([
      ['', 'Intro.'],
      ['A', 'One.'],
      ['A > B', 'Two.'],
      ['D', 'Three.'],
    ]);
    expect(passages[1]).toMatchObject({ documentId: 'naps', title: 'How to nap well', index: 1 });
  });

  it('keeps paragraphs together up to a length and loses no word', () => {
    const paragraphs = Array.from({ length: 40 }, (_, n) =>
      `Paragraph ${n} ${'has some words. '.repeat(10)}`.trim(),
    );
    const texts = textsOf(paragraphs.join('\n\n'));
    expect(texts.length).toBeLessThan(40);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(1_202);
    expect(texts.join('\n\n')).toBe(paragraphs.join('\n\n'));
  });

  it('cuts a paragraph without end at sentences, and a sentence without end at a length', () => {
    const sentences = textsOf('This is a sentence of some length. '.repeat(400));
    expect(sentences.every((text) => text.length <= 2_000 && text.endsWith('.'))).toBe(true);
    expect(textsOf('x'.repeat(10_000)).map((text) => text.length)).toEqual([
      2_000, 2_000, 2_000, 2_000, 2_000,
    ]);
  });

  it.each<[string, string, [string, string][]]>([
    ['a # in a code fence', '# A\n\n```sh\n# no heading\nls\n```', [['A', '# no heading\nls']]],
    ['a # in a ~~~ fence', '# A\n\n~~~\n# no heading\n~~~\n\nEnd.', [['A', '# no heading\n\nEnd.']]],
    [
      'setext headings',
      'A\n===\n\nOne.\n\nB\n---\n\nTwo.',
      [
        ['A', 'One.'],
        ['A > B', 'Two.'],
      ],
    ],
    ['closing marks and emphasis in a heading', '## *A* `b` ##\nOne.', [['A b', 'One.']]],
    ['a heading in a list', '- # A\n- b', [['', '- A\n- b']]],
    ['a table', '| Age | Hours |\n|---|---|\n| Adults | 7 |', [['', 'Age, Hours\nAdults, 7']]],
    [
      'raw HTML',
      '<div class="x">Hi <b>there</b></div>\n\nA <i>b</i> &amp; c<br>d.',
      [['', 'Hi there\n\nA b & c d.']],
    ],
    ['comments, scripts and styles', '<!-- a\nb -->\n\n<script>\nno()\n</script>\n\nYes.', [['', 'Yes.']]],
    ['links, images and emphasis', '[a](b "c") ![d](e) **f** _g_ `h`', [['', 'a d f g h']]],
    ['a list after its sentence', 'Do:\n1. one\n2. two\n\n   more', [['', 'Do:\n1. one\n2. two\n\nmore']]],
  ])('reads %s', (_what, text, wanted) => {
    const passages = passagesOf({ ...napDocument, text });
    expect(passages.map((passage) => [passage.heading, passage.text])).toEqual(wanted);
  });

  it('takes an item, a row and a piece of code for one sentence each, and prose for its own', () => {
    const text =
      'Do this. Then:\n- pause\n- breathe\n\n| A | B |\n|---|---|\n| c | d |\n\n```\nx = 1. y = 2.\n```';
    const [passage] = passagesOf({ ...napDocument, text });
    expect(passage?.sentences).toEqual([
      { text: 'Do this.', paragraph: 0 },
      { text: 'Then:', paragraph: 0 },
      { text: 'pause.', paragraph: 0 },
      { text: 'breathe.', paragraph: 0 },
      { text: 'A, B.', paragraph: 1 },
      { text: 'c, d.', paragraph: 1 },
      { text: 'x = 1. y = 2.', paragraph: 2 },
    ]);
  });

  it('cuts between two characters as people see them, and never half of a surrogate pair', () => {
    const family = '👨‍👩‍👧';
    for (const text of [
      family.repeat(900),
      `x${family.repeat(900)}`,
      `e${'\u0301'.repeat(9_000)}`,
      '😀'.repeat(4_000),
    ]) {
      const passages = textsOf(text);
      expect(passages.join('')).toBe(text);
      expect(passages.every((passage) => passage.isWellFormed() && passage.length <= 2_000)).toBe(true);
    }
    expect(textsOf(family.repeat(900)).every((passage) => passage.length % family.length === 0)).toBe(true);
  });

  it('keeps the path of headings short, so that passages stay in proportion to their document', () => {
    const long = (marks: string) => `${marks} ${'long '.repeat(8_000)}\n`;
    const text = ['#', '##', '###', '####', '#####'].map(long).join('') + '###### s\nt\n'.repeat(5_000);
    const passages = passagesOf({ ...napDocument, text });
    expect(passages).toHaveLength(4_096);
    expect(Math.max(...passages.map(({ heading }) => heading.length))).toBeLessThanOrEqual(300);
    expect(passages[0]?.heading.endsWith('> s')).toBe(true);
  });
});
