import { setTimeout as sleep } from 'node:timers/promises';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import type { Rapport } from '@rapport/widget/sdk/rapport.ts';
import { expect } from 'vitest';
import { quietCreator } from './bench/quiet-creator.ts';
import { storedMessages } from './stored-messages.ts';

/** One device of a person. It says numbered messages; `said` is the number of the last one. */
export interface Device {
  readonly name: string;
  readonly client: Rapport;
  said: number;
}

/** A visitor of the quiet creator: only what the person's devices say is stored. */
export interface Person {
  readonly url: string;
  readonly token: string;
  readonly devices: readonly Device[];
}

/** The token of a new visitor. */
export async function newVisitor(url: string, creatorId: string): Promise<string> {
  const body = JSON.stringify({ creatorId });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/v1/visitors`, { method: 'POST', body, headers });
  const { token } = (await response.json()) as { token: string };
  return token;
}

export async function newPerson(url: string, name: string, deviceCount: number): Promise<Person> {
  const token = await newVisitor(url, quietCreator);
  const devices = Array.from({ length: deviceCount }, (_, at): Device => {
    const client = createRapport({ url, creatorId: quietCreator, token, tail: 0 });
    return { name: `${name}-${at}`, client, said: 0 };
  });
  return { url, token, devices };
}

/** Talks on every device of everybody, each every 20 ms, until the signal aborts. */
export async function talk(people: readonly Person[], signal: AbortSignal): Promise<void> {
  const devices = people.flatMap((person) => person.devices);
  await Promise.all(
    devices.map(async (device) => {
      while (!signal.aborted) {
        const kept = await device.client.say(`${device.name} ${device.said + 1}`);
        if (kept.ok) device.said += 1;
        // After a long outage the outbox is full and refuses; the device tries again.
        else expect(kept.code).toBe('too_many_in_flight');
        await sleep(20);
      }
    }),
  );
}

/** Waits until every device of everybody shows all that was said. */
export async function settled(people: readonly Person[]): Promise<void> {
  // One entry for each device, so that a failure names the device that is stuck, and how.
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

/** How many messages a client shows, and how many are not stored yet. */
export function shown(client: Rapport): { readonly messages: number; readonly pending: number } {
  const { messages, pending } = client.state();
  return { messages: messages.length, pending: pending.length };
}

/** Nothing is lost or doubled, each device is in its order, `seq` is dense, every device shows the store. */
export async function whole({ url, token, devices }: Person): Promise<void> {
  const inStore = (await storedMessages(url, token)).map(({ seq, text }) => ({ seq, text }));
  expect(inStore.map(({ seq }) => seq)).toEqual(inStore.map((_, at) => at + 1));
  for (const { name, client, said } of devices) {
    const own = inStore.filter(({ text = '' }) => text.startsWith(`${name} `)).map(({ text }) => text);
    expect(own).toEqual(Array.from({ length: said }, (_, at) => `${name} ${at + 1}`));
    expect(client.state().messages.map(({ seq, text }) => ({ seq, text }))).toEqual(inStore);
  }
}

/** Resolves when questions are answered again: after an outage, breakers and connections take their time. */
export async function answering(url: string): Promise<void> {
  const client = createRapport({ url, creatorId: 'demo', token: await newVisitor(url, 'demo') });
  const roleOfAnswer = async () => {
    const count = shown(client).messages;
    await client.say('How can I fall asleep faster?');
    await expect.poll(() => shown(client).messages, { timeout: 20_000 }).toBe(count + 2);
    return client.state().messages.at(-1)?.role;
  };
  await expect.poll(roleOfAnswer, { timeout: 20_000, interval: 200 }).toBe('COACH');
  await client.close();
}

export async function leave(people: readonly Person[]): Promise<void> {
  await Promise.all(people.flatMap(({ devices }) => devices.map(({ client }) => client.close())));
}
