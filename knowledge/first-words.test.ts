import { documentSchema } from '@rapport/catalog/creator.ts';
import { expect, test } from 'vitest';
import { firstWords } from './first-words.ts';

const page = (title: string, topic: string, text = 'Text.') =>
  documentSchema.parse({ creatorId: 'acme', documentId: 'a', title, topic, text });

test('a greeting names the topics, and the first questions are headings that ask', () => {
  const words = firstWords('Acme Coaching', [
    page('Sleep', 'Sleep', '# Why do I wake up at night?\n\nText?\n\n## And then?\n\n## Notes'),
    page('How do I begin?', 'Habits', '# How do I begin?\n#nothing?'),
    page('Focus', 'Sleep'),
  ]);
  expect(words).toEqual({
    greeting: 'Hello, this is Acme Coaching. I know about sleep and habits. What is on your mind?',
    suggestions: ['Why do I wake up at night?', 'How do I begin?', 'And then?'],
  });
});

test('pages without topics and questions still give a greeting', () => {
  expect(firstWords('Acme', [page('Sleep', '')])).toEqual({
    greeting: 'Hello, this is Acme. What is on your mind?',
    suggestions: [],
  });
  const long = `${'x'.repeat(130)}?`;
  expect(firstWords('Acme', [page('Sleep', 't'.repeat(80), `# ${long}`)]).suggestions).toEqual([]);
});
