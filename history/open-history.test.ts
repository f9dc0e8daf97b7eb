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

test('openHistory() refuses any other url without showing what may be a password', () => {
  expect(() => openHistory('cassandra://host/keyspace')).toThrow(
    'HISTORY_URL cassandra:// is not supported by this version; use sqlite:<path>',
  );
  for (const url of ['postgres://ann:secret@host/db', 'sqlite:', '/data/secret.db', '']) {
    expect(() => openHistory(url)).toThrow(
      /^Cannot use HISTORY_URL of scheme '[a-z]*': it should be sqlite:<path>$/,
    );
  }
});
