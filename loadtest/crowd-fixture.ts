import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { creatorSchema } from '@rapport/catalog/creator.ts';
import { openTokenKeys } from '@rapport/gateway/token-keys.ts';
import { Tokens } from '@rapport/gateway/tokens.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import type { TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/client.ts';
import type { Message } from '@rapport/widget/frame.ts';
import type { Rapport } from '@rapport/widget/rapport.ts';
import { expect } from 'vitest';

/** One who talks without a pause, and knows how long each message waited until it was stored. */
interface Person {
  readonly name: string;
  readonly token: string;
  readonly client: Rapport;
  said: number;
}

/** Many people who talk at once, whom nobody answers. */
export interface Crowd {
  /** Resolves when everyone shows all that was said: nothing lost, doubled or out of order. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

/** Lets `count` people say something every `everyMs` until the signal aborts. */
export async function startCrowd(
  rapport: TestRapport,
  options: { readonly count: number; readonly everyMs: number; readonly signal: AbortSignal },
): Promise<Crowd> {
  await putQuietCreator(rapport.natsUrl);
  const tokens = new Tokens({ keys: await openTokenKeys(rapport.dataDir), lifeS: 3_600, jwksUrl: '' });
  const crowd = randomUUID().slice(0, 8);
  const people = await Promise.all(
    Array.from({ length: options.count }, async (_, at): Promise<Person> => {
      const name = `${crowd}-${at}`;
      const token = await tokens.issue({ creatorId: 'quiet', userId: name, role: 'visitor' });
      const client = createRapport({ url: rapport.url, creatorId: 'quiet', token, tail: 0 });
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

async function putQuietCreator(natsUrl: string): Promise<void> {
  const log = createLog({ name: 'crowd', level: 'silent' });
  const nc = await connectNats({ url: natsUrl, name: 'crowd', log });
  const catalog = await openNatsCatalog(nc, log);
  await catalog.putCreator(
    creatorSchema.parse({ creatorId: 'quiet', name: 'Quiet', answering: 'people', allowedOrigins: ['*'] }),
  );
  await catalog.close();
  await nc.drain();
}

async function talk(
  person: Person,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const kept = await person.client.say(`${person.name} ${person.said + 1}`);
    if (kept.ok) person.said += 1;
    // An outbox that is full after a long outage says so; its person tries again.
    else expect(kept.code).toBe('too_many_in_flight');
    await sleep(everyMs);
  }
}

/** Who does not show yet what everyone said, and what they show. */
function unsettled(people: readonly Person[]): readonly string[] {
  return people.flatMap(({ name, client, said }) => {
    const { messages, pending, connection } = client.state();
    if (messages.length === said && pending.length === 0) return [];
    return [`${name}: ${messages.length} of ${said}, ${pending.length} pending, ${connection.at}`];
  });
}

async function whole({ name, token, client, said }: Person, url: string): Promise<void> {
  const wanted = Array.from({ length: said }, (_, at) => ({ seq: at + 1, text: `${name} ${at + 1}` }));
  const plain = (messages: readonly Message[]) => messages.map(({ seq, text }) => ({ seq, text }));
  expect(plain(client.state().messages)).toEqual(wanted);
  const stored: Message[] = [];
  for (let more = true; more; ) {
    const afterSeq = stored.at(-1)?.seq ?? 0;
    const response = await fetch(`${url}/v1/messages?afterSeq=${afterSeq}&limit=200`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const page = (await response.json()) as { messages?: Message[]; more?: boolean };
    stored.push(...(page.messages ?? []));
    more = page.more ?? false;
  }
  expect(plain(stored)).toEqual(wanted);
}
