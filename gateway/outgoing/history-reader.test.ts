import type { StoredMessage } from '@rapport/history/history.ts';
import { expect, test } from 'vitest';
import { HistoryReader } from './history-reader.ts';

const key = { creatorId: 'demo', userId: 'ann' };
const message = { seq: 1, role: 'COACH' as const, text: 'Sleep.', atMs: 1 };
const stored: StoredMessage = { ...message, usage: { attempt: 1, model: 'm-1', wholeMs: 5 } };

test('HistoryReader gives messages without what their answers took', async () => {
  const reader = new HistoryReader({ page: async () => [stored] });
  expect(await reader.after(key, 0, 10)).toEqual([message]);
  expect(await reader.page(key, { beforeSeq: 2, limit: 10 })).toEqual({ messages: [message], more: false });
});
