import { setTimeout as sleep } from 'node:timers/promises';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { creatorSchema } from '@rapport/catalog/creator.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { type ProcessName, processNames } from '@rapport/tools/local-run.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/client.ts';
import type { Message } from '@rapport/widget/frame.ts';
import type { Rapport } from '@rapport/widget/rapport.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const log = createLog({ name: 'survival', level: 'silent' });
let rapport: TestRapport;

beforeAll(async () => {
  // Devices talk without a pause here, and answers are slow enough to be caught in the middle.
  rapport = await startRapport({
    env: { GATEWAY_SAYS_PER_WINDOW_MAX: '1000000', EXTRACTIVE_DELTA_MS: '30' },
  });
  const nc = await connectNats({ url: rapport.natsUrl, name: 'survival', log });
  const catalog = await openNatsCatalog(nc, log);
  const allowedOrigins = ['*'];
  await catalog.putCreator(
    creatorSchema.parse({ creatorId: 'quiet', name: 'Quiet', answering: 'people', allowedOrigins }),
  );
  await catalog.close();
  await nc.drain();
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
  const token = await visitor('quiet');
  const devices = Array.from({ length: deviceCount }, (_, at): Device => {
    const client = createRapport({ url: rapport.url, creatorId: 'quiet', token, tail: 0 });
    return { name: `${name}-${at}`, client, said: 0 };
  });
  return { token, devices };
}

/** Talks on every device until the signal aborts, every 20 ms each. */
async function talk(devices: readonly Device[], signal: AbortSignal): Promise<void> {
  await Promise.all(
    devices.map(async (device) => {
      while (!signal.aborted) {
        device.said += 1;
        await device.client.say(`${device.name} ${device.said}`);
        await sleep(20);
      }
    }),
  );
}

/** Waits until every device of everyone shows all that was said. */
async function settled(people: readonly Person[]): Promise<void> {
  for (const { devices } of people) {
    const total = devices.reduce((sum, { said }) => sum + said, 0);
    for (const { client } of devices) {
      await expect
        .poll(() => shown(client), { timeout: 45_000, interval: 100 })
        .toEqual({ messages: total, pending: 0 });
    }
  }
}

function shown(client: Rapport) {
  const { messages, pending } = client.state();
  return { messages: messages.length, pending: pending.length };
}

async function stored(token: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (let more = true; more; ) {
    const afterSeq = messages.at(-1)?.seq ?? 0;
    const response = await fetch(`${rapport.url}/v1/messages?afterSeq=${afterSeq}&limit=200`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const page = (await response.json()) as { messages?: Message[]; more?: boolean };
    messages.push(...(page.messages ?? []));
    more = page.more ?? false;
  }
  return messages;
}

/** Nothing lost, nothing doubled, each device in its order, dense, and the same everywhere. */
async function whole({ token, devices }: Person): Promise<void> {
  const inStore = (await stored(token)).map(({ seq, text }) => ({ seq, text }));
  expect(inStore.map(({ seq }) => seq)).toEqual(inStore.map((_, at) => at + 1));
  for (const { name, client, said } of devices) {
    const own = inStore.filter(({ text }) => text.startsWith(`${name} `)).map(({ text }) => text);
    expect(own).toEqual(Array.from({ length: said }, (_, at) => `${name} ${at + 1}`));
    expect(client.state().messages.map(({ seq, text }) => ({ seq, text }))).toEqual(inStore);
  }
}

async function leave(people: readonly Person[]): Promise<void> {
  await Promise.all(people.flatMap(({ devices }) => devices.map(({ client }) => client.close())));
}

describe('a conversation survives', () => {
  const rounds: readonly (readonly ProcessName[])[] = [
    ['gateway'],
    ['actors'],
    ['inference'],
    ['nats'],
    processNames,
  ];

  test.each(rounds)('kill -9 of %s %s %s %s in the middle of it', { timeout: 120_000 }, async (...names) => {
    const people = await Promise.all(['ann', 'bob', 'cleo'].map((name, at) => person(name, at + 1)));
    const ends = new AbortController();
    const talking = talk(
      people.flatMap(({ devices }) => devices),
      ends.signal,
    );
    for (let round = 0; round < 2; round += 1) {
      await sleep(400);
      const all = names.filter((name) => name !== undefined);
      await Promise.all(all.map((name) => rapport.kill(name, 'SIGKILL')));
      await Promise.all(all.map((name) => rapport.up(name)));
    }
    await sleep(400);
    ends.abort();
    await talking;
    await settled(people);
    for (const one of people) await whole(one);
    await leave(people);
  });

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
      expect((await stored(token)).map(({ role }) => role)).toEqual(['USER', 'COACH']);
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
