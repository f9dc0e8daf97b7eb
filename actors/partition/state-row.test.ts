import { expect, test } from 'vitest';
import type { Effect } from '../conversation/decision.ts';
import { type Conversation, newConversation } from '../conversation/state.ts';
import { readRow, rowText } from './state-row.ts';

const schedule: Effect = { kind: 'schedule', timerId: 'follow-up', generation: 1, atMs: 5 };
const push: Effect = { kind: 'push', push: { to: 'all', frame: { read: { seq: 1 } } } };
const state: Conversation = {
  topSeq: 2,
  readSeq: 1,
  askedSeq: 0,
  answeredSeq: 1,
  devices: [{ deviceId: 'phone', clientSeq: 1, seqs: [1] }],
  turn: { at: 'idle' },
  timers: { set: 1, pending: [{ timerId: 'follow-up', generation: 1, dueMs: 5 }] },
};

test('readRow() gives what rowText() was given, and of the effects those that nothing else heals', () => {
  expect(readRow(rowText(state, [push, schedule]))).toEqual({ state, outbox: [schedule] });
});

test('rowText() adds nothing to a conversation without such effects', () => {
  expect(rowText(newConversation, [push])).toBe(JSON.stringify(newConversation));
  expect(readRow(rowText(newConversation, []))).toEqual({ state: newConversation, outbox: [] });
});

const whole = JSON.parse(JSON.stringify(state));
test.each([
  '',
  'not json',
  'null',
  '[]',
  '{}',
  JSON.stringify(state).slice(0, -1),
  JSON.stringify({ ...whole, topSeq: '2' }),
  JSON.stringify({ ...whole, answeredSeq: undefined }),
  JSON.stringify({ ...whole, devices: {} }),
  JSON.stringify({ ...whole, devices: [null] }),
  JSON.stringify({ ...whole, turn: { at: 'nowhere' } }),
  JSON.stringify({ ...whole, turn: { at: 'running' } }),
  JSON.stringify({ ...whole, timers: {} }),
  JSON.stringify({ ...whole, outbox: 'x' }),
])('readRow() does not take %s for a row', (text) => {
  expect(readRow(text)).toBeUndefined();
});
