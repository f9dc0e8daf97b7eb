import type { Creator, KnowledgeDocument } from '@rapport/catalog/creator.ts';

const topicsMax = 4;
const suggestionsMax = 3;
/** The longest suggestion that a creator may have. */
const suggestionCharsMax = 120;

/**
 * A greeting and first questions for a creator who wrote none, so that a visitor does not look at an empty
 * panel: the topics of the pages, and the headings in them that ask something.
 */
export function firstWords(
  name: string,
  documents: readonly KnowledgeDocument[],
): Pick<Creator, 'greeting' | 'suggestions'> {
  const topics = distinct(documents.map(({ topic }) => topic.trim().toLowerCase()));
  const about = topics.length > 0 ? ` I know about ${listed(topics.slice(0, topicsMax))}.` : '';
  const greeting = `Hello, this is ${name}.${about} What is on your mind?`;
  return { greeting: greeting.slice(0, 500), suggestions: questionsIn(documents).slice(0, suggestionsMax) };
}

/** One of each document before a second one of any. */
function questionsIn(documents: readonly KnowledgeDocument[]): readonly string[] {
  const asked = documents.map(({ title, text }) => [title, ...headingsOf(text)].filter(isQuestion));
  const most = Math.max(0, ...asked.map(({ length }) => length));
  const inTurn = Array.from({ length: most }, (_, at) => asked.flatMap((all) => all[at] ?? []));
  return distinct(inTurn.flat());
}

function headingsOf(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => line.startsWith('#'));
  return lines.map((line) => line.replace(/^#{1,6}(?=\s)/, '').trim());
}

function isQuestion(text: string): boolean {
  return text.endsWith('?') && text.length <= suggestionCharsMax && !text.startsWith('#');
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].filter((text) => text !== '');
}

function listed(all: readonly string[]): string {
  if (all.length < 2) return all.join('');
  return `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`;
}
