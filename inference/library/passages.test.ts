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
    expect(passages.map(({ metadata, text }) => [metadata.heading, text])).toEqual([
      ['', 'Intro.'],
      ['A', 'One.'],
      ['A > B', 'Two.'],
      ['D', 'Three.'],
    ]);
    expect(passages[1]?.metadata).toMatchObject({ documentId: 'naps', title: 'How to nap well', index: 1 });
  });

  it('keeps paragraphs together up to a length and loses no word', () => {
    const paragraphs = Array.from({ length: 40 }, (_, n) =>
      `Paragraph ${n} ${'has some words. '.repeat(10)}`.trim(),
    );
    const texts = textsOf(paragraphs.join('\n\n'));
    expect(texts.length).toBeLessThan(40);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(1_200);
    expect(texts.join('\n\n')).toBe(paragraphs.join('\n\n'));
  });

  it('cuts a paragraph without end at sentences, and a sentence without end at a length', () => {
    const sentences = textsOf('This is a sentence of some length. '.repeat(400));
    expect(sentences.every((text) => text.length <= 2_000 && text.endsWith('.'))).toBe(true);
    expect(textsOf('x'.repeat(10_000)).map((text) => text.length)).toEqual([
      2_000, 2_000, 2_000, 2_000, 2_000,
    ]);
  });
});
