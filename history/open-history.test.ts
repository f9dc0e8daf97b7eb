import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openHistory } from './open-history.ts';

test('openHistory() opens sqlite:<path>', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rapport-history-'));
  const store = openHistory(`sqlite:${join(folder, 'history.db')}`);
  await store.ping();
  await store.close();
  rmSync(folder, { recursive: true });
});

test('openHistory() opens cassandra:// at once, whether or not somebody is there', async () => {
  const store = openHistory('cassandra://127.0.0.1:1/history');
  await expect(store.ping()).rejects.toMatchObject({ code: 'history_unavailable' });
  await store.close();
});

test('openHistory() refuses any other url without showing what may be a password', () => {
  expect(() => openHistory('cassandra://ann:secret@host')).toThrow(
    /^Cannot use HISTORY_URL: it should be cassandra:(?!.*secret)/,
  );
  for (const url of ['postgres://ann:secret@host/db', 'sqlite:', '/data/secret.db', '']) {
    expect(() => openHistory(url)).toThrow(
      /^Cannot use HISTORY_URL of scheme '[a-z]*': it should be sqlite:<path> or cassandra:[/<>a-z]*$/,
    );
  }
});
