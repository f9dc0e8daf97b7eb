import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { partitionOf } from '@rapport/stream/partition.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import type { Rapport } from '@rapport/widget/sdk/rapport.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';

let rapport: TestRapport;

beforeAll(async () => {
  rapport = await startRapport({
    env: { EXTRACTIVE_DELTA_MS: '1', PARTITIONS: '1', GATEWAY_ATTACH_WITHIN_MS: '1500' },
  });
});

afterAll(async () => {
  await rapport.stop();
});

async function visitor(): Promise<{ readonly token: string; readonly userId: string }> {
  const body = JSON.stringify({ creatorId: 'demo' });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${rapport.url}/v1/visitors`, { method: 'POST', body, headers });
  return (await response.json()) as { token: string; userId: string };
}

/** Changes the row of a person's state in the file, as an operator would with `sqlite3`. */
function row(userId: string, change: (state: string) => string): void {
  const file = new DatabaseSync(join(rapport.dataDir, 'history.db'), { timeout: 5_000 });
  const { state } = file.prepare('SELECT state FROM conversations WHERE user_id = ?').get(userId) ?? {};
  file.prepare('UPDATE conversations SET state = ? WHERE user_id = ?').run(change(String(state)), userId);
  file.close();
}

async function dead(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', 'tools', 'dead.ts'), ...args], {
    env: { ...process.env, NATS_URL: '', DATA_DIR: rapport.dataDir, NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return await text(child.stdout);
}

const roles = (client: Rapport) => client.state().messages.map(({ role }) => role);
const question = 'How can I fall asleep faster?';

/** The state that docs/operations.md gives for a row from which nothing can be saved. */
const anew =
  '{"v":1,"core":{"topSeq":2,"readSeq":0,"askedSeq":0,"answeredSeq":2,"devices":[],"turn":{"at":"idle"}}}';

const repairs = [
  { how: 'as it was', repair: (state: string) => `${state}}` },
  { how: 'anew', repair: () => anew },
];

test.each(repairs)(
  'a damaged row holds up nobody else; repaired $how, what its person said is answered',
  {
    timeout: 120_000,
  },
  async ({ repair }) => {
    const ann = await visitor();
    const bob = await visitor();
    // Both people are in the only partition.
    expect(partitionOf({ creatorId: 'demo', userId: ann.userId }, 1)).toBe(0);
    const open = (token: string) => createRapport({ url: rapport.url, creatorId: 'demo', token });
    const client = open(ann.token);
    await client.say(question);
    await expect.poll(() => roles(client), { timeout: 20_000 }).toEqual(['USER', 'COACH']);

    row(ann.userId, (state) => state.slice(0, -1));
    await rapport.restart('actors'); // The host had the undamaged state in memory.
    await client.say('How do I start a habit?');
    await expect.poll(() => dead('list'), { timeout: 20_000, interval: 500 }).toContain(ann.userId);
    expect(await dead('list')).toMatch(
      / said of .* the stored state of .* is damaged; it should be repaired/,
    );

    const other = open(bob.token);
    await other.say(question);
    await expect.poll(() => roles(other), { timeout: 20_000 }).toEqual(['USER', 'COACH']);
    expect(rapport.told.filter((sentence) => /^actors.*starting it again/.test(sentence))).toEqual([]);

    const late = open(ann.token);
    await expect
      .poll(() => late.state().connection, { timeout: 20_000 })
      .toMatchObject({ at: 'waiting', code: 'unavailable' });
    await late.close();

    row(ann.userId, repair);
    expect(await dead('replay', '--all')).toMatch(/: replayed\n$/);
    await expect.poll(() => roles(client), { timeout: 20_000 }).toEqual(['USER', 'COACH', 'USER', 'COACH']);
    expect(client.state().pending).toEqual([]);
    expect(await dead('list')).toBe('There are no dead letters.\n');
    await Promise.all([client.close(), other.close()]);
  },
);
