import { startTestCassandra, type TestCassandra } from '@rapport/history/cassandra-fixture.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storedMessages } from './stored-messages.ts';

let cassandra: TestCassandra;
let rapport: TestRapport;

beforeAll(async () => {
  cassandra = await startTestCassandra();
  rapport = await startRapport({
    env: { HISTORY_URL: cassandra.newUrl(), GATEWAY_SAYS_PER_WINDOW_MAX: '1000000' },
  });
}, 180_000);
afterAll(async () => {
  await rapport.stop();
  await cassandra.stop();
});

async function visitor(): Promise<string> {
  const response = await fetch(`${rapport.url}/v1/visitors`, {
    method: 'POST',
    body: JSON.stringify({ creatorId: 'demo' }),
    headers: { 'content-type': 'application/json' },
  });
  const { token } = (await response.json()) as { token: string };
  return token;
}

const connect = (token: string) => createRapport({ url: rapport.url, creatorId: 'demo', token });

test('a question is stored, answered, and there for a device that comes later', async () => {
  const token = await visitor();
  const client = connect(token);
  await client.say('How can I fall asleep faster?');
  await expect
    .poll(() => client.state().messages.map(({ role }) => role), { timeout: 30_000 })
    .toEqual(['USER', 'COACH']);
  const later = connect(token);
  await expect.poll(() => later.state().messages.length).toBe(2);
  expect((await storedMessages(rapport.url, token)).map(({ seq, role }) => [seq, role])).toEqual([
    [1, 'USER'],
    [2, 'COACH'],
  ]);
  await Promise.all([client.close(), later.close()]);
});

test('Cassandra is killed and started again in the middle of it: all is stored once, in order', {
  timeout: 180_000,
}, async () => {
  const token = await visitor();
  const client = connect(token);
  const say = async (from: number, to: number) => {
    for (let at = from; at <= to; at += 1) expect(await client.say(`note ${at}`)).toMatchObject({ ok: true });
  };
  const notes = async () =>
    (await storedMessages(rapport.url, token)).filter(({ role }) => role === 'USER').map(({ text }) => text);
  await say(1, 5);
  await expect.poll(() => client.state().pending.length, { timeout: 20_000 }).toBe(0);
  await cassandra.kill();
  await say(6, 10);
  expect((await fetch(`${rapport.url}/readyz`)).status).toBe(503);
  await cassandra.start();
  await say(11, 15);
  await expect.poll(() => client.state().pending.length, { timeout: 30_000 }).toBe(0);
  // The gateway comes back to the store on its own, a little later than the actor host.
  await expect
    .poll(notes, { timeout: 10_000 })
    .toEqual(Array.from({ length: 15 }, (_, at) => `note ${at + 1}`));
  const all = await storedMessages(rapport.url, token);
  expect(all.map(({ seq }) => seq)).toEqual(all.map((_, at) => at + 1));
  await expect.poll(async () => (await fetch(`${rapport.url}/readyz`)).status, { timeout: 10_000 }).toBe(200);
  await client.close();
});
