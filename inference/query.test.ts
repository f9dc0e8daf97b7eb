import { create } from '@bufbuild/protobuf';
import { MessageSchema, Role } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { describe, expect, it } from 'vitest';
import { queryOf } from './query.ts';

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
