import { create } from '@bufbuild/protobuf';
import { demoFolder } from '@rapport/catalog/demo.ts';
import { MessageSchema, Role } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { describe, expect, it } from 'vitest';
import { evaluate } from './evaluation.ts';
import { collect, twoCreators } from './fixture.ts';
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
  ])('answers small talk (%s) without citing anything', async (text, beginning) => {
    const answer = await askAda(text);
    expect(answer.text.startsWith(beginning)).toBe(true);
    expect(answer.sources).toEqual([]);
    expect(answer.done).toBe('ANSWERED');
  });

  it('takes a greeting with a question for the question', async () => {
    expect((await askAda('Hi! How long should a nap be?')).sources[0]?.documentId).toBe('naps');
  });

  it.each(['why?', 'tell me more', 'and then what?', 'can you explain'])(
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
  it('is answered well: at least 88 % of the questions, 92 % of those it cannot know refused', async () => {
    const { answered, refused } = await evaluate(demoFolder, model);
    expect(answered).toBeGreaterThanOrEqual(0.88);
    expect(refused).toBeGreaterThanOrEqual(0.92);
  });
});
