import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessName, processNames } from '@rapport/tools/local-run.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import type { Rapport } from '@rapport/widget/sdk/rapport.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { putQuietCreator } from './bench/quiet-creator.ts';
import { answering, leave, newPerson, newVisitor, settled, talk, whole } from './people-fixture.ts';
import { storedMessages } from './stored-messages.ts';

let rapport: TestRapport;

beforeAll(async () => {
  // Devices talk without a pause, and an answer is slow enough for a process to be killed in its middle.
  rapport = await startRapport({
    env: { GATEWAY_SAYS_PER_WINDOW_MAX: '1000000', EXTRACTIVE_DELTA_MS: '30' },
  });
  await putQuietCreator(rapport.natsUrl);
});

afterAll(async () => {
  await rapport.stop();
});

describe('a conversation survives', () => {
  const rounds: readonly { readonly what: string; readonly names: readonly ProcessName[] }[] = [
    ...processNames.map((name) => ({ what: name, names: [name] })),
    { what: 'all four processes', names: processNames },
  ];

  test.each(rounds)(
    'kill -9 of $what, twice, in the middle of it',
    { timeout: 120_000 },
    async ({ names }) => {
      const people = await Promise.all(
        ['ann', 'bob', 'cleo'].map((name, at) => newPerson(rapport.url, name, at + 1)),
      );
      const ends = new AbortController();
      const talking = talk(people, ends.signal);
      for (let round = 0; round < 2; round += 1) {
        await sleep(400);
        await Promise.all(names.map((name) => rapport.kill(name, 'SIGKILL')));
        await Promise.all(names.map((name) => rapport.up(name)));
      }
      await sleep(400);
      ends.abort();
      await talking;
      await settled(people);
      for (const one of people) await whole(one);
      await leave(people);
    },
  );

  test('five devices at once, each in its own order', { timeout: 60_000 }, async () => {
    const one = await newPerson(rapport.url, 'eve', 5);
    const ends = new AbortController();
    const talking = talk([one], ends.signal);
    await sleep(2_000);
    ends.abort();
    await talking;
    await settled([one]);
    await whole(one);
    await leave([one]);
  });
});

describe('an answer survives', () => {
  const question = 'How can I fall asleep faster?';

  async function asked() {
    const token = await newVisitor(rapport.url, 'demo');
    const client = createRapport({ url: rapport.url, creatorId: 'demo', token });
    await client.say(question);
    await expect.poll(() => client.state().answer?.text.length ?? 0, { timeout: 20_000 }).toBeGreaterThan(10);
    return { token, client };
  }

  const roles = (client: Rapport) => client.state().messages.map(({ role }) => role);

  test.each(['actors', 'gateway', 'nats'] as const)(
    'kill -9 of %s while it is written',
    { timeout: 60_000 },
    async (name) => {
      const { client, token } = await asked();
      await rapport.kill(name, 'SIGKILL');
      await rapport.up(name);
      await expect.poll(() => roles(client), { timeout: 30_000 }).toEqual(['USER', 'COACH']);
      await sleep(1_000);
      expect((await storedMessages(rapport.url, token)).map(({ role }) => role)).toEqual(['USER', 'COACH']);
      expect(client.state().answer).toBeUndefined();
      await client.close();
    },
  );

  test('kill -9 of inference while it is written: a coded sentence, and trying again answers', {
    timeout: 60_000,
  }, async () => {
    const { client } = await asked();
    await rapport.kill('inference', 'SIGKILL');
    await expect
      .poll(() => client.state().messages.at(-1), { timeout: 30_000 })
      .toMatchObject({ role: 'SYSTEM' });
    const failure = client.state().messages.at(-1);
    expect(failure?.code).toMatch(/^model_(unavailable|failed)$/);
    await rapport.up('inference');
    await answering(rapport.url);
    await client.say('Try again', failure?.choices[0]?.id);
    await expect.poll(() => roles(client), { timeout: 30_000 }).toEqual(['USER', 'SYSTEM', 'USER', 'COACH']);
    // The answer is to the question: "Try again" alone would have no sources.
    expect(client.state().messages.at(-1)?.sources).not.toEqual([]);
    await client.close();
  });

  test('what is said while it is written gets an answer of its own', { timeout: 60_000 }, async () => {
    const { client } = await asked();
    await client.say('How do I start a habit and actually keep it?');
    await expect.poll(() => roles(client), { timeout: 30_000 }).toEqual(['USER', 'USER', 'COACH', 'COACH']);
    const [first, second] = client.state().messages.slice(2);
    expect(second?.sources[0]?.documentId).toMatch(/\S/);
    expect(second?.sources).not.toEqual(first?.sources);
    await client.close();
  });

  test('a device that comes in the middle gets what is written so far, then the rest', {
    timeout: 60_000,
  }, async () => {
    const { client, token } = await asked();
    const kinds: string[] = [];
    const onFrame = ({ kind }: { kind: string }) => kinds.push(kind);
    const late = createRapport({ url: rapport.url, creatorId: 'demo', token, onFrame });
    await expect.poll(() => roles(late), { timeout: 30_000 }).toEqual(['USER', 'COACH']);
    expect(kinds).toContain('snapshot');
    expect(kinds.indexOf('delta')).toBeGreaterThan(kinds.indexOf('snapshot'));
    expect(late.state().messages.at(-1)?.text).toBe(client.state().messages.at(-1)?.text);
    await Promise.all([client.close(), late.close()]);
  });
});
