import type { StoredMessage } from '@rapport/history/history.ts';
import { expect, test } from 'vitest';
import { questionLast } from './turns.ts';

function message(seq: number, role: 'USER' | 'COACH' | 'SYSTEM', text = `m${seq}`): StoredMessage {
  return { seq, role, text, atMs: seq };
}

function order(page: readonly StoredMessage[], answeredSeq: number): number[] {
  return questionLast(page, answeredSeq).map(({ seq }) => seq);
}

test('questionLast() moves what was said during an answer below that answer', () => {
  const page = [message(1, 'USER'), message(2, 'USER'), message(3, 'USER'), message(4, 'COACH')];
  expect(order(page, 1)).toEqual([1, 4, 2, 3]);
});

test('questionLast() leaves a conversation alone that takes turns', () => {
  expect(order([message(1, 'USER'), message(2, 'COACH'), message(3, 'USER')], 1)).toEqual([1, 2, 3]);
});

test('questionLast() asks the failed question when the person tries again, however often', () => {
  const page = [
    message(1, 'USER', 'How do I sleep?'),
    message(2, 'SYSTEM'),
    message(3, 'USER', 'Try again'),
    message(4, 'SYSTEM'),
    message(5, 'USER', 'Try again'),
  ];
  expect(order(page, 0)).toEqual([2, 4, 1]);
  expect(order([message(1, 'USER', 'Try again')], 0)).toEqual([1]);
});
