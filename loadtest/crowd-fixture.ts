import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import type { Rapport } from '@rapport/widget/sdk/rapport.ts';
import { expect } from 'vitest';
import { putQuietCreator, quietCreator } from './bench/quiet-creator.ts';
import { openVisitorTokens } from './bench/visitor-tokens.ts';
import { storedMessages } from './stored-messages.ts';

/** A person with one device, who has said `said` numbered messages. */
interface Person {
  readonly name: string;
  readonly token: string;
  readonly client: Rapport;
  said: number;
}

/** Many people who talk at once to a creator that does not answer. */
export interface Crowd {
  /** Resolves when every person shows all of their messages: none lost, doubled or out of order. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** Lets `count` people say a message every `everyMs` each, until the signal aborts. */
export async function startCrowd(
  rapport: TestRapport,
  options: { readonly count: number; readonly everyMs: number; readonly signal: AbortSignal },
): Promise<Crowd> {
  await putQuietCreator(rapport.natsUrl);
  const tokenOf = await openVisitorTokens(rapport.dataDir, quietCreator);
  const crowd = randomUUID().slice(0, 8);
  const people = await Promise.all(
    Array.from({ length: options.count }, async (_, at): Promise<Person> => {
      const name = `${crowd}-${at}`;
      const token = await tokenOf(name);
      const client = createRapport({ url: rapport.url, creatorId: quietCreator, token, tail: 0 });
      return { name, token, client, said: 0 };
    }),
  );
  const talking = Promise.all(people.map((person) => talk(person, options)));
  return {
    settle: async () => {
      await talking;
      await expect.poll(() => unsettled(people), { timeout: 45_000, interval: 100 }).toEqual([]);
      for (const person of people) await whole(person, rapport.url);
    },
    close: async () => {
      await Promise.all(people.map(({ client }) => client.close()));
    },
  };
}

async function talk(
  person: Person,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const kept = await person.client.say(`${person.name} ${person.said + 1}`);
    if (kept.ok) person.said += 1;
    // After a long outage the outbox is full and refuses; the person tries again.
    else expect(kept.code).toBe('too_many_in_flight');
    await sleep(everyMs);
  }
}

/** A sentence for each person who does not show all of their messages yet. */
function unsettled(people: readonly Person[]): readonly string[] {
  return people.flatMap(({ name, client, said }) => {
    const { messages, pending, connection } = client.state();
    if (messages.length === said && pending.length === 0) return [];
    return [`${name}: ${messages.length} of ${said}, ${pending.length} pending, ${connection.at}`];
  });
}

async function whole({ name, token, client, said }: Person, url: string): Promise<void> {
  const wanted = Array.from({ length: said }, (_, at) => ({ seq: at + 1, text: `${name} ${at + 1}` }));
  const plain = (messages: readonly { readonly seq?: number; readonly text?: string }[]) =>
    messages.map(({ seq, text }) => ({ seq, text }));
  expect(plain(client.state().messages)).toEqual(wanted);
  expect(plain(await storedMessages(url, token))).toEqual(wanted);
}
