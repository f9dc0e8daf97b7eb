import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { createMemoryCatalog } from '@rapport/catalog/catalog-memory.ts';
import { demoFolder } from '@rapport/demo/seed-demo.ts';
import { readKnowledge } from '@rapport/knowledge/knowledge-folder.ts';
import { MessageSchema, Role } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../evaluation.ts';
import { collect, libraryOf, twoCreators } from '../testing/fixture.ts';
import { compose } from './compose.ts';
import { createExtractiveModel } from './model-extractive.ts';
import { queryOf } from './query.ts';

const model = createExtractiveModel({ clock: systemClock, deltaMs: 0 });

/** Asks Ada's coach; the conversation is the person's messages with a coach's word between them. */
async function askAda(...texts: string[]) {
  const { catalog, library } = await twoCreators();
  const creator = catalog.creator('ada')?.creator;
  if (creator === undefined) throw new Error('there is no creator ada');
  const messages = texts.flatMap((text, at) => {
    const said = create(MessageSchema, { role: Role.USER, text });
    return at === 0 ? [said] : [create(MessageSchema, { role: Role.COACH, text: 'Well.' }), said];
  });
  const found = library.find('ada', queryOf(messages));
  const answer = await collect(model.answer({ creator, messages, found }, new AbortController().signal));
  return { ...answer, creator };
}

describe('createExtractiveModel()', () => {
  it("answers with the document's own sentences and quotes exactly those", async () => {
    const answer = await askAda('How long should my nap be?');
    expect(answer.text).toBe('The best nap lasts twenty minutes. Longer naps end in deep sleep.');
    expect(answer.sources).toEqual([
      { documentId: 'naps', title: 'How to nap well', url: '/learn/naps', quote: answer.text },
    ]);
    expect(answer.done).toBe('ANSWERED');
  });

  it("says the creator's unknownAnswer, without a citation, when the documents say nothing", async () => {
    const answer = await askAda('Who won the chess olympiad?');
    expect(answer.text).toBe(answer.creator.unknownAnswer);
    expect(answer.sources).toEqual([]);
    expect(answer.done).toBe('UNKNOWN');
  });

  it.each([
    ['hi', 'Hello from Ada.'],
    ['Good morning!', 'Hello from Ada.'],
    ['Thanks a lot, that was helpful', "You're welcome."],
    ['Are you a real person?', 'I am the automated coach of Ada.'],
    ['bye', 'Take care.'],
    ['no', 'I am sorry that missed it.'],
    ["That's not what I asked", 'I am sorry that missed it.'],
  ])('answers small talk (%s) without citing anything', async (text, beginning) => {
    const answer = await askAda(text);
    expect(answer.text.startsWith(beginning)).toBe(true);
    expect(answer.sources).toEqual([]);
    expect(answer.done).toBe('ANSWERED');
  });

  it('takes a greeting with a question for the question', async () => {
    expect((await askAda('Hi! How long should a nap be?')).sources[0]?.documentId).toBe('naps');
  });

  it.each(['why?', 'tell me more', 'and then what?', 'can you explain', 'Try again', 'please try again'])(
    'understands "%s" by what the person said before',
    async (followUp) => {
      expect((await askAda(followUp)).done).toBe('UNKNOWN');
      expect((await askAda('How long should a nap be?', followUp)).sources[0]?.documentId).toBe('naps');
    },
  );

  it('streams word by word, and the words make up the text', async () => {
    const answer = await askAda('How long should my nap be?');
    expect(answer.kinds.filter((kind) => kind === 'delta')).toHaveLength(12);
  });

  it('stops between two words when its signal aborts', async () => {
    const { catalog, library } = await twoCreators();
    const creator = catalog.creator('ada')?.creator;
    if (creator === undefined) throw new Error('there is no creator ada');
    const messages = [create(MessageSchema, { role: Role.USER, text: 'How long should a nap be?' })];
    const question = { creator, messages, found: library.find('ada', 'How long should a nap be?') };
    const slow = createExtractiveModel({ clock: systemClock, deltaMs: 60_000 });
    const stop = new AbortController();
    const answer = collect(slow.answer(question, stop.signal));
    stop.abort();
    await expect(answer).rejects.toThrow();
  });
});

describe('the demo creator', () => {
  it('is answered well: at least 90 % of the questions, 95 % of those it cannot know refused', async () => {
    const { answered, refused } = await evaluate(demoFolder, model);
    expect(answered).toBeGreaterThanOrEqual(0.9);
    expect(refused).toBeGreaterThanOrEqual(0.95);
  });

  it('answers every heading that is a question from the beginning of that very section', async () => {
    const { library, headings } = await demoLibrary();
    for (const { documentId, heading } of headings) {
      const passage = library.find('demo', heading).matches[0]?.passage;
      expect(passage).toMatchObject({ documentId, heading });
      const text = compose(library.find('demo', heading))?.text ?? '';
      expect(passage?.text.startsWith(text.slice(0, 30)) && text !== '').toBe(true);
    }
    expect(headings.length).toBeGreaterThan(200);
  });

  it.each([
    ['How much sleep do I need?', 'how-much-sleep', /^Most adults need between seven and nine hours/],
    ['How long does it take to form a habit?', 'how-long-habits-take', /66 days/],
    ['How can I fall asleep faster?', 'awake-at-night', /^If you have been awake/],
    ["I can't sleep", 'awake-at-night', /^If you have been awake/],
    ['how do I say no', 'say-no-kindly', /^Say no politely/],
    ['how do i sleep better', 'steady-sleep-schedule', /^The most important sleep habit/],
  ])('answers the plain question "%s"', async (question, documentId, text) => {
    const { library } = await demoLibrary();
    const composed = compose(library.find('demo', question));
    expect(composed?.sources[0]?.documentId).toBe(documentId);
    expect(composed?.text).toMatch(text);
  });

  it('answers both questions of a message that asks two', async () => {
    const { library } = await demoLibrary();
    const question = 'Why do I wake up at 3 a.m. and how do I get back to sleep?';
    const composed = compose(library.find('demo', question));
    expect(composed?.sources.map(({ documentId }) => documentId)).toEqual(['awake-at-night']);
    expect(composed?.text).toMatch(/^Waking at three[\s\S]+\n\nTo get back to sleep/);
  });
});

async function demoLibrary() {
  const documents = await readKnowledge(join(demoFolder, 'knowledge'), { creatorId: 'demo', origin: 'test' });
  const catalog = createMemoryCatalog();
  for (const document of documents) await catalog.putDocument(document);
  const library = libraryOf();
  await library.follow(catalog);
  await library.settled();
  const headings = documents.flatMap(({ documentId, text }) =>
    [...text.matchAll(/^## (.+)$/gm)].map(([, heading = '']) => ({ documentId, heading })),
  );
  return { library, headings };
}
