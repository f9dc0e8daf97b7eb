import type { StoredMessage } from '@rapport/history/history.ts';
import { limits } from '@rapport/proto/limits.ts';
import { expect, test } from 'vitest';
import { TestClock } from '../testing/gateway-fixture.ts';
import { HistoryReader } from './history-reader.ts';

const key = { creatorId: 'demo', userId: 'ann' };
const message = { seq: 1, role: 'COACH' as const, text: 'Sleep.', atMs: 1 };
const stored: StoredMessage = { ...message, usage: { attempt: 1, model: 'm-1', wholeMs: 5 } };

test('HistoryReader gives messages without what their answers took', async () => {
  const history = { page: async () => [stored] };
  const reader = new HistoryReader({ history, limits, clock: new TestClock() });
  const always = () => true;
  expect(await reader.after(key, { afterSeq: 0, limit: 10 }, always)).toEqual([message]);
  expect(await reader.page(key, { beforeSeq: 2, limit: 10 }, always)).toEqual({
    messages: [message],
    more: false,
  });
});
