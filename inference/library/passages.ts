import { NodeParser } from '@llamaindex/core/node-parser';
import { Document, NodeRelationship, TextNode } from '@llamaindex/core/schema';
import type { KnowledgeDocument } from '@rapport/catalog/creator.ts';

/** What a passage says of itself beside its text. */
export interface PassageMetadata {
  readonly documentId: string;
  readonly title: string;
  readonly url: string;
  readonly topic: string;
  /** The headings above it, outermost first, with ` > ` between them; empty above the first heading. */
  readonly heading: string;
  /** Its place in the document: 0, 1, 2… */
  readonly index: number;
}

/** A passage ends at the paragraph that brings it here: a few paragraphs that one question asks for. */
const passageCharsAim = 1_200;
/** A longer paragraph is cut at the end of a sentence, or here when it has none. */
const passageCharsMax = 2_000;

/** A document as its passages, in order. */
export function passagesOf(document: KnowledgeDocument): readonly TextNode<PassageMetadata>[] {
  const { documentId, title, url, topic } = document;
  const metadata: PassageMetadata = { documentId, title, url, topic, heading: '', index: 0 };
  const whole = new Document<PassageMetadata>({ id_: documentId, text: document.text, metadata });
  return new PassageParser().parse(whole);
}

/**
 * Cuts Markdown at headings, then at paragraphs. LlamaIndex's own MarkdownNodeParser keeps a section whole
 * however long it is, and its sentence tokenizer takes time by the square of the length; this one takes time
 * by the length.
 */
class PassageParser extends NodeParser<TextNode[]> {
  parse(document: Document<PassageMetadata>): readonly TextNode<PassageMetadata>[] {
    const source = document.asRelatedNodeInfo(); // Once: it hashes the whole text.
    return sectionsOf(document.text)
      .flatMap(({ heading, paragraphs }) => packed(paragraphs).map((text) => ({ heading, text })))
      .map(({ heading, text }, index) => {
        const metadata = { ...document.metadata, heading, index };
        const relationships = { [NodeRelationship.SOURCE]: source };
        return new TextNode<PassageMetadata>({
          id_: `${document.id_}#${index}`,
          text,
          metadata,
          relationships,
        });
      });
  }

  protected override parseNodes(documents: TextNode<PassageMetadata>[]): TextNode[] {
    return documents.flatMap((document) => [...this.parse(document)]);
  }
}

interface Section {
  readonly heading: string;
  readonly paragraphs: string[];
}

function sectionsOf(text: string): readonly Section[] {
  const open: string[] = [];
  let section: Section = { heading: '', paragraphs: [] };
  const sections = [section];
  let lines: string[] = [];
  const endParagraph = () => {
    if (lines.length > 0) section.paragraphs.push(lines.join('\n').trim());
    lines = [];
  };
  for (const line of text.split('\n')) {
    const [, marks, words] = line.startsWith('#') ? (/^(#{1,6}) +(.+?)[ #]*$/.exec(line) ?? []) : [];
    if (marks !== undefined && words !== undefined) {
      endParagraph();
      open.length = Math.min(open.length, marks.length - 1);
      open[marks.length - 1] = words;
      section = { heading: open.filter(Boolean).join(' > '), paragraphs: [] };
      sections.push(section);
    } else if (line.trim() === '') endParagraph();
    else lines.push(line);
  }
  endParagraph();
  return sections.filter(({ paragraphs }) => paragraphs.length > 0);
}

function packed(paragraphs: readonly string[]): readonly string[] {
  const passages: string[] = [];
  let passage = '';
  for (const part of paragraphs.flatMap(cut)) {
    if (passage !== '' && passage.length + part.length > passageCharsAim) {
      passages.push(passage);
      passage = '';
    }
    passage = passage === '' ? part : `${passage}\n\n${part}`;
  }
  return passage === '' ? passages : [...passages, passage];
}

function cut(paragraph: string): readonly string[] {
  const parts: string[] = [];
  let rest = paragraph;
  while (rest.length > passageCharsMax) {
    const window = rest.slice(0, passageCharsMax);
    const end = Math.max(window.lastIndexOf('. '), window.lastIndexOf('? '), window.lastIndexOf('\n'));
    const at = end > passageCharsAim / 2 ? end + 1 : passageCharsMax;
    parts.push(rest.slice(0, at).trim());
    rest = rest.slice(at).trim();
  }
  return [...parts, rest];
}
