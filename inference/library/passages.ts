import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';
import { ended, type Sentence, sentencesOf } from '../extractive/sentences.ts';
import { beginningOf, partsOf } from './cut-text.ts';
import { type Block, blocksOf } from './markdown-blocks.ts';

/** A part of a document that is found, given to a model and quoted as a whole. */
export interface Passage {
  readonly documentId: string;
  readonly title: string;
  readonly url: string;
  readonly topic: string;
  /** The headings above it, outermost first, with ` > ` between them; empty above the first heading. */
  readonly heading: string;
  /** Its place in the document: 0, 1, 2… */
  readonly index: number;
  /** Its blocks without Markdown, a blank line between two paragraphs. */
  readonly text: string;
  readonly sentences: readonly Sentence[];
}

/** A passage ends at the paragraph that brings it here: a few paragraphs that one question asks for. */
const passageCharsAim = 1_200;
/** A longer paragraph is cut: at the end of a sentence where there is one. */
const passageCharsMax = 2_000;
/**
 * A heading and the path of all headings above a passage. Each passage is indexed under its path, so that
 * without a limit a document of long headings and short sections would take memory by the square of its
 * length.
 */
const headingCharsMax = 120;
const pathCharsMax = 300;
/** A passage for every 64 characters of the largest document. Passages beyond this number are not indexed. */
export const passagesPerDocumentMax = 4_096;

/** A document as its passages, in order. Takes time by the length of the document, whatever it holds. */
export function passagesOf(document: KnowledgeDocument): readonly Passage[] {
  const { documentId, title, url, topic } = document;
  return sectionsOf(blocksOf(document.text))
    .flatMap(({ heading, blocks }) => packed(paragraphsOf(blocks)).map((said) => ({ heading, ...said })))
    .slice(0, passagesPerDocumentMax)
    .map((said, index) => ({ documentId, title, url, topic, index, ...said }));
}

interface Section {
  readonly heading: string;
  readonly blocks: Block[];
}

function sectionsOf(blocks: readonly Block[]): readonly Section[] {
  const open: string[] = [];
  let section: Section = { heading: '', blocks: [] };
  const sections = [section];
  for (const block of blocks) {
    if (block.kind !== 'heading') {
      section.blocks.push(block);
      continue;
    }
    open.length = Math.min(open.length, block.level - 1);
    open[block.level - 1] = beginningOf(block.text, headingCharsMax);
    section = { heading: pathOf(open), blocks: [] };
    sections.push(section);
  }
  return sections;
}

/** The innermost heading says most: the outer ones are left out where the path is too long. */
function pathOf(open: readonly string[]): string {
  const path = open.filter(Boolean);
  while (path.length > 1 && path.join(' > ').length > pathCharsMax) path.shift();
  return path.join(' > ');
}

/** Blocks without a blank line between them, as long as they fit into one passage. */
interface Paragraph {
  text: string;
  readonly sentences: string[];
}

function paragraphsOf(blocks: readonly Block[]): readonly Paragraph[] {
  const paragraphs: Paragraph[] = [];
  for (const block of blocks) {
    for (const [at, part] of partsOf(block.text, passageCharsMax).entries()) {
      const line = at === 0 && block.mark !== '' ? `${block.mark} ${part}` : part;
      const last = paragraphs.at(-1);
      const fits = last !== undefined && last.text.length + line.length < passageCharsMax;
      if (last !== undefined && fits && at === 0 && block.joined) {
        last.text += `\n${line}`;
        last.sentences.push(...saidBy(block, part));
      } else paragraphs.push({ text: line, sentences: [...saidBy(block, part)] });
    }
  }
  return paragraphs;
}

/**
 * Prose as its sentences; an item, a row and a piece of code each as one, so that an answer does not tear it.
 */
function saidBy({ kind }: Block, part: string): readonly string[] {
  switch (kind) {
    case 'code':
      return [part];
    case 'row':
      return [ended(part)];
    case 'item':
      return sentencesOf(ended(part));
    default:
      return sentencesOf(part);
  }
}

/** Paragraphs put together up to the length that a passage aims at. */
function packed(paragraphs: readonly Paragraph[]): readonly Pick<Passage, 'text' | 'sentences'>[] {
  const passages: { text: string; sentences: Sentence[] }[] = [];
  let paragraph = 0;
  for (const { text, sentences } of paragraphs) {
    const last = passages.at(-1);
    const begins = last === undefined || last.text.length + text.length > passageCharsAim;
    paragraph = begins ? 0 : paragraph + 1;
    const said = sentences.map((sentence) => ({ text: sentence, paragraph }));
    if (begins) passages.push({ text, sentences: said });
    else {
      last.text += `\n\n${text}`;
      last.sentences.push(...said);
    }
  }
  return passages;
}
