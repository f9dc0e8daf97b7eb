import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@rapport/runtime/free-port.ts';
import { type ProcessName, processNames } from '@rapport/tools/local-run.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import type { Rapport } from '@rapport/widget/sdk/rapport.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { putQuietCreator, quietCreator } from './bench/quiet-creator.ts';
import { storedMessages } from './stored-messages.ts';

let rapport: TestRapport;
let inferencePort: number;

beforeAll(async () => {
  // Devices talk without a pause here, and answers are slow enough to be caught in the middle.
  inferencePort = await freePort('127.0.0.1');
  rapport = await startRapport({
    env: {
      GATEWAY_SAYS_PER_WINDOW_MAX: '1000000',
      EXTRACTIVE_DELTA_MS: '30',
      INFERENCE_PORT: String(inferencePort),
    },
  });
  await putQuietCreator(rapport.natsUrl);
});

afterAll(async () => {
  await rapport.stop();
});

/** One device of a person: says numbered messages for as long as it is told to. */
interface Device {
  readonly name: string;
  readonly client: Rapport;
  said: number;
}

interface Person {
  readonly token: string;
  readonly devices: readonly Device[];
}

async function visitor(creatorId: string): Promise<string> {
  const body = JSON.stringify({ creatorId });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${rapport.url}/v1/visitors`, { method: 'POST', body, headers });
  const { token } = (await response.json()) as { token: string };
  return token;
}

async function person(name: string, deviceCount: number): Promise<Person> {
  const token = await visitor(quietCreator);
  const devices = Array.from({ length: deviceCount }, (_, at): Device => {
    const client = createRapport({ url: rapport.url, creatorId: quietCreator, token, tail: 0 });
    return { name: `${name}-${at}`, client, said: 0 };
  });
  return { token, devices };
}

/** Talks on every device until the signal aborts, every 20 ms each. */
async function talk(devices: readonly Device[], signal: AbortSignal): Promise<void> {
  await Promise.all(
    devices.map(async (device) => {
      while (!signal.aborted) {
        const kept = await device.client.say(`${device.name} ${device.said + 1}`);
        if (kept.ok) device.said += 1;
        // An outbox that is full after a long outage says so; its person tries again.
        else expect(kept.code).toBe('too_many_in_flight');
        await sleep(20);
      }
    }),
  );
}

/** Waits until every device of everyone shows all that was said. */
async function settled(people: readonly Person[]): Promise<void> {
  // What every device has, so that a failure tells which one is stuck and how.
  const now = () =>
    people.flatMap(({ devices }) =>
      devices.map(({ name, client }) => ({ name, at: client.state().connection.at, ...shown(client) })),
    );
  const wanted = people.flatMap(({ devices }) => {
    const messages = devices.reduce((sum, { said }) => sum + said, 0);
    return devices.map(({ name }) => ({ name, at: 'open', messages, pending: 0 }));
  });
  await expect.poll(now, { timeout: 45_000, interval: 100 }).toEqual(wanted);
}

function shown(client: Rapport) {
  const { messages, pending } = client.state();
  return { messages: messages.length, pending: pending.length };
}

/** Nothing lost, nothing doubled, each device in its order, dense, and the same everywhere. */
async function whole({ token, devices }: Person): Promise<void> {
  const inStore = (await storedMessages(rapport.url, token)).map(({ seq, text }) => ({ seq, text }));
  expect(inStore.map(({ seq }) => seq)).toEqual(inStore.map((_, at) => at + 1));
  for (const { name, client, said } of devices) {
    const own = inStore.filter(({ text = '' }) => text.startsWith(`${name} `)).map(({ text }) => text);
    expect(own).toEqual(Array.from({ length: said }, (_, at) => `${name} ${at + 1}`));
    expect(client.state().messages.map(({ seq, text }) => ({ seq, text }))).toEqual(inStore);
  }
}

async function leave(people: readonly Person[]): Promise<void> {
  await Promise.all(people.flatMap(({ devices }) => devices.map(({ client }) => client.close())));
}

describe('a conversation survives', () => {
  const rounds: readonly { readonly what: string; readonly names: readonly ProcessName[] }[] = [
    ...processNames.map((name) => ({ what: name, names: [name] })),
    { what: 'all four processes', names: processNames },
  ];

  test.each(rounds)(
    'kill -9 of $what, twice, in the middle of it',
    { timeout: 120_000 },
    async ({ names }) => {
      const people = await Promise.all(['ann', 'bob', 'cleo'].map((name, at) => person(name, at + 1)));
      const ends = new AbortController();
      const talking = talk(
        people.flatMap(({ devices }) => devices),
        ends.signal,
      );
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
    const one = await person('eve', 5);
    const ends = new AbortController();
    const talking = talk(one.devices, ends.signal);
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
    const token = await visitor('demo');
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
    await sleep(1_000);
    await client.say('Try again', failure?.choices[0]?.id);
    await expect.poll(() => roles(client), { timeout: 30_000 }).toEqual(['USER', 'SYSTEM', 'USER', 'COACH']);
    // To the question, and not to "Try again".
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

describe('while inference is away', () => {
  /** Nothing that could answer listens there, and the process cannot come back before `close`. */
  async function takeInferenceAway() {
    await rapport.kill('inference', 'SIGKILL');
    const dead = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      dead.once('error', reject);
      dead.listen(inferencePort, '127.0.0.1', resolve);
    });
    return async () => {
      await new Promise((resolve) => dead.close(resolve));
      await rapport.up('inference');
    };
  }

  /** How long it takes until `reached`, in milliseconds. */
  async function timed(reached: () => boolean): Promise<number> {
    const beganMs = performance.now();
    await expect.poll(reached, { timeout: 20_000, interval: 10 }).toBe(true);
    return performance.now() - beganMs;
  }

  test('messages are stored at once, people get a coded sentence, other creators notice nothing', {
    timeout: 120_000,
  }, async () => {
    const bringBack = await takeInferenceAway();
    const other = await person('olga', 1);
    const ends = new AbortController();
    const talking = talk(other.devices, ends.signal);
    for (let at = 0; at < 10; at += 1) {
      const client = createRapport({ url: rapport.url, creatorId: 'demo', token: await visitor('demo') });
      await expect.poll(() => client.state().connection.at).toBe('open');
      await client.say('How can I fall asleep faster?');
      expect(await timed(() => shown(client).messages > 0)).toBeLessThan(500);
      expect(await timed(() => client.state().messages.at(-1)?.role === 'SYSTEM')).toBeLessThan(3_000);
      expect(client.state().messages.at(-1)).toMatchObject({ code: 'model_unavailable' });
      expect(await timed(() => shown(other.devices[0]?.client ?? client).pending < 5)).toBeLessThan(500);
      await client.close();
      await sleep(500);
    }
    ends.abort();
    await talking;
    await settled([other]);
    await whole(other);
    await leave([other]);

    await bringBack();
    const client = createRapport({ url: rapport.url, creatorId: 'demo', token: await visitor('demo') });
    // The breaker lets a call through within a second, the connection is tried again within two.
    await sleep(3_000);
    await client.say('How can I fall asleep faster?');
    await expect.poll(() => client.state().messages.at(-1)?.role, { timeout: 20_000 }).toBe('COACH');
    await client.close();
  });
});
