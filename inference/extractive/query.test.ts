import { create } from '@bufbuild/protobuf';
import { MessageSchema, Role } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { describe, expect, it } from 'vitest';
import { queryOf, questionsOf } from './query.ts';

const said = (text: string, role: Role = Role.USER) => create(MessageSchema, { role, text });
const query = (...texts: string[]) => queryOf(texts.map((text) => said(text)));

describe('queryOf()', () => {
  it('is the last message where that says what it is about', () => {
    expect(query('How do naps work?', 'How do I stop smoking?')).toBe('How do I stop smoking?');
    expect(query('How do naps work?', 'Why do long flights make me tired and hungry?')).not.toContain('naps');
  });

  it('takes the message before with one that goes on about it, or says nothing by itself', () => {
    expect(query('How do naps work?', 'why?')).toBe('How do naps work?\nwhy?');
    expect(query('How do naps work?', 'what about coffee?')).toBe('How do naps work?\nwhat about coffee?');
    expect(query('How do naps work?', 'why?', 'tell me more')).toBe('How do naps work?\ntell me more');
  });

  it("never takes the coach's words for the person's", () => {
    const messages = [said('Hi'), said('Naps are short.', Role.COACH), said('why?')];
    expect(queryOf(messages)).toBe('why?');
  });
});

describe('questionsOf()', () => {
  it('parts a message that asks two questions', () => {
    expect(questionsOf('Why do I wake early and how do I sleep again?')).toEqual([
      'Why do I wake early',
      'how do I sleep again?',
    ]);
    expect(questionsOf('What is a nap? How long should a nap be?')).toHaveLength(2);
  });

  it('leaves one question whole', () => {
    expect(questionsOf('How do I start a habit and actually keep it?')).toEqual([]);
    expect(questionsOf('How long is a nap and why?')).toEqual([]);
  });
});
