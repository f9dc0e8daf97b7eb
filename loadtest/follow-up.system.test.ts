import { setTimeout as sleep } from 'node:timers/promises';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';

const afterMs = 2_000;
let rapport: TestRapport;

beforeAll(async () => {
  rapport = await startRapport({
    actors: 2, // The host that hears of a timer need not be the host that set it.
    env: { DEMO_FOLLOW_UP_SECONDS: String(afterMs / 1_000), EXTRACTIVE_DELTA_MS: '1' },
  });
});

afterAll(async () => {
  await rapport.stop();
});

async function talk() {
  const body = JSON.stringify({ creatorId: 'demo' });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${rapport.url}/v1/visitors`, { method: 'POST', body, headers });
  const { token } = (await response.json()) as { token: string };
  const open = () => createRapport({ url: rapport.url, creatorId: 'demo', token });
  const client = open();
  const roles = () => client.state().messages.map(({ role }) => role);
  const ask = () => client.say('How can I fall asleep faster?');
  return { client, open, roles, ask };
}

const asked = ['USER', 'COACH'];

test('the coach follows up once on a person who is quiet, on every device', async () => {
  const { client, open, roles, ask } = await talk();
  const other = open();
  await ask();
  await expect.poll(roles, { timeout: 20_000 }).toEqual([...asked, 'COACH']);
  await sleep(2 * afterMs);
  expect(roles()).toEqual([...asked, 'COACH']);
  const [, answer, followUp] = client.state().messages;
  expect((followUp?.atMs ?? 0) - (answer?.atMs ?? 0)).toBeGreaterThanOrEqual(afterMs);
  expect(other.state().messages).toEqual(client.state().messages);
  await Promise.all([client.close(), other.close()]);
});

test('the coach leaves a person alone who goes on talking, and follows up on the last answer', async () => {
  const { client, roles, ask } = await talk();
  // Together the pauses are longer than `afterMs`; each is so short that a busy machine does not make it so.
  for (const round of [1, 2, 3, 4, 5]) {
    await ask();
    await expect.poll(roles, { timeout: 20_000 }).toHaveLength(2 * round);
    await sleep(afterMs / 4);
  }
  const answered = [1, 2, 3, 4, 5].flatMap(() => asked);
  expect(roles()).toEqual(answered);
  await expect.poll(roles, { timeout: 20_000 }).toEqual([...answered, 'COACH']);
  await sleep(2 * afterMs);
  expect(roles()).toHaveLength(11);
  await client.close();
});

const deaths = [
  { what: 'one actor host', names: ['actors'] },
  { what: 'the other', names: ['actors-2'] },
  { what: 'nats', names: ['nats'] },
  { what: 'all of them', names: ['actors', 'actors-2', 'nats'] },
] as const;

test.each(deaths)('the follow-up survives kill -9 of $what while it waits', async ({ names }) => {
  const { client, roles, ask } = await talk();
  await ask();
  await expect.poll(roles, { timeout: 20_000 }).toEqual(asked);
  await Promise.all(names.map((name) => rapport.kill(name, 'SIGKILL')));
  await Promise.all(names.map((name) => rapport.up(name)));
  await expect.poll(roles, { timeout: 30_000 }).toEqual([...asked, 'COACH']);
  await sleep(2 * afterMs);
  expect(roles()).toEqual([...asked, 'COACH']);
  await client.close();
});
