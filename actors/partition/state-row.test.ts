import { describe, expect, test } from 'vitest';
import type { Effect } from '../conversation/effect.ts';
import { type Conversation, newConversation } from '../conversation/state.ts';
import rowsBefore from './rows-before-parts.json' with { type: 'json' };
import { readRow, rowText, rowVersion } from './state-row.ts';

const schedule: Effect = { kind: 'schedule', timerId: 'follow-up', generation: 1, atMs: 5 };
const push: Effect = { kind: 'push', push: { to: 'all', frame: { read: { seq: 1 } } } };
const state: Conversation = {
  core: {
    topSeq: 2,
    readSeq: 1,
    askedSeq: 0,
    answeredSeq: 1,
    devices: [{ deviceId: 'phone', clientSeq: 1, seqs: [1] }],
    turn: { at: 'idle' },
    timers: { set: 1, pending: [{ timerId: 'follow-up', generation: 1, dueMs: 5 }] },
  },
  parts: { 'welcome-back': { saidMs: 7 } },
};
const nothing = { outbox: [], owed: [], kept: [] };

test('readRow() gives what rowText() was given, and of the effects those that nothing else heals', () => {
  const text = rowText(state, { effects: [push, schedule], kept: [] });
  expect(readRow(text)).toEqual({ ...nothing, state, outbox: [schedule] });
});

test('rowText() writes nothing for a conversation without slices and effects', () => {
  const text = rowText(newConversation, { effects: [push], kept: [] });
  expect(text).toBe(`{"v":1,"core":${JSON.stringify(newConversation.core)}}`);
  expect(readRow(text)).toEqual({ ...nothing, state: newConversation });
});

describe('readRow() on what another version wrote', () => {
  test.each(rowsBefore.map((row) => JSON.stringify(row)))('brings up %s', (text) => {
    const { outbox = [], ...core } = JSON.parse(text);
    const read = readRow(text);
    expect(read).toEqual({ ...nothing, state: { core, parts: {} }, outbox });
    if ('unreadable' in read) return;
    const again = rowText(read.state, { effects: read.outbox, kept: [] });
    expect(again).toContain('"v":1');
    expect(readRow(again)).toEqual(read);
  });

  test('keeps slices, fields and timers that it does not know', () => {
    const newer = JSON.parse(rowText(state, { effects: [], kept: [] }));
    newer.parts.handover = { by: 'eve', since: 3 };
    newer.core.pinned = [1];
    newer.core.timers.pending.push({ timerId: 'program:next', generation: 1, dueMs: 9 });
    const read = readRow(JSON.stringify(newer));
    if ('unreadable' in read) throw new Error(read.unreadable);
    expect(JSON.parse(rowText(read.state, { effects: [], kept: [] }))).toEqual(newer);
  });

  test('keeps effects that it does not know, and performs none of them', () => {
    const deliver = { kind: 'deliver', channel: 'mail', seq: 2 };
    const written = { ...JSON.parse(rowText(state, { effects: [schedule], kept: [] })) };
    const newer = { ...written, outbox: [deliver, schedule] };
    const read = readRow(JSON.stringify(newer));
    expect(read).toEqual({ state, outbox: [schedule], owed: [], kept: [deliver] });
    if ('unreadable' in read) return;
    const older = rowText(read.state, { effects: [], kept: read.kept });
    expect(JSON.parse(older)).toMatchObject({ kept: [deliver] });
    expect(readRow(older)).toMatchObject({ outbox: [], kept: [deliver] });
    // A host that knows the kind finds that it owes the effect.
    const owing = older.replace(JSON.stringify(deliver), JSON.stringify(schedule));
    expect(readRow(owing)).toMatchObject({ outbox: [], owed: [schedule], kept: [] });
  });

  test('refuses a row of a newer form, and says what reads it', () => {
    const newer = JSON.stringify({ v: rowVersion + 1, core: { other: 'fields' } });
    expect(readRow(newer)).toEqual({
      unreadable: 'has form 2; this host reads up to form 1, a newer host reads it',
    });
  });
});

const row = JSON.parse(rowText(state, { effects: [], kept: [] }));
const flat = row.core;
test.each([
  '',
  'not json',
  'null',
  '[]',
  '{}',
  rowText(state, { effects: [], kept: [] }).slice(0, -1),
  JSON.stringify({ ...row, v: 0 }),
  JSON.stringify({ ...row, v: '1' }),
  JSON.stringify({ ...row, core: undefined }),
  JSON.stringify({ ...row, parts: [] }),
  JSON.stringify({ ...row, outbox: 'x' }),
  JSON.stringify({ ...row, outbox: [null] }),
  JSON.stringify({ ...row, kept: {} }),
  JSON.stringify({ ...flat, topSeq: '2' }),
  JSON.stringify({ ...flat, answeredSeq: undefined }),
  JSON.stringify({ ...flat, devices: {} }),
  JSON.stringify({ ...flat, devices: [null] }),
  JSON.stringify({ ...flat, turn: { at: 'nowhere' } }),
  JSON.stringify({ ...flat, turn: { at: 'running' } }),
  JSON.stringify({ ...flat, timers: {} }),
  JSON.stringify({ ...flat, outbox: 'x' }),
])('readRow() does not take %s for a row', (text) => {
  expect(readRow(text)).toEqual({ unreadable: 'is damaged; it should be repaired' });
});
