import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from '@rapport/simulation/chance.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import type { Rapport } from '@rapport/widget/sdk/rapport.ts';
import WebSocket from 'ws';

/** The visit of one person to one creator. */
export interface Visit {
  readonly url: string;
  readonly creatorId: string;
  readonly token: string;
  readonly lengthMs: number;
  readonly chance: Chance;
  /** Counts a thing that was done, or a broken promise as `WRONG: …`. */
  readonly count: (what: string) => void;
}

const pauseMs = { least: 200, most: 1_500 };
const storedWithinMs = 20_000;
const questions = [
  'How can I fall asleep faster?',
  'What helps against procrastination?',
  'I had a bad day and do not know where to begin.',
  'Thank you, that helps. And how do I keep it up for longer than a week?',
];

/** Says, types, reads, looks at older messages and stops answers, as people do with the widget. */
async function talk(visit: Visit): Promise<void> {
  await withClient(visit, (client) => chatter(client, visit, visit.lengthMs));
}

/** Leaves in the middle, and comes back with the position of the last message it has. */
async function comeBack(visit: Visit): Promise<void> {
  let topSeq = 0;
  await withClient(visit, async (client) => {
    await chatter(client, visit, visit.lengthMs / 2);
    topSeq = client.state().topSeq;
  });
  await withClient({ ...visit, afterSeq: topSeq }, (client) => chatter(client, visit, visit.lengthMs / 2));
}

/** The same person on two devices at once. */
async function twoDevices(visit: Visit): Promise<void> {
  await Promise.all([talk(visit), talk(visit)]);
}

/** Asks for many messages and reads nothing for a while. Half of these visits never read the rest. */
async function readSlowly({ url, token, lengthMs, chance, count }: Visit): Promise<void> {
  const socket = new WebSocket(`${url.replace('http:', 'ws:')}/v1/ws`, 'rapport.v1.json');
  socket.on('error', () => count('slow readers cut'));
  await once(socket, 'open');
  const send = (up: object) => socket.send(JSON.stringify(up));
  send({ hello: { token, deviceId: randomUUID(), tail: 50 } });
  await sleep(100);
  socket.pause();
  for (let clientSeq = 1; clientSeq <= 5; clientSeq += 1) {
    send({ say: { clientSeq, id: randomUUID(), text: chance.pick(questions) } });
    send({ page: { afterSeq: 0, limit: 200 } });
    count('says of slow readers');
    await sleep(lengthMs / 5);
  }
  if (chance.happens(0.5)) socket.resume();
  await sleep(100);
  socket.terminate();
}

/** A few messages and a page over HTTP. */
async function useHttp({ url, token, lengthMs, chance, count }: Visit): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const deviceId = randomUUID();
  for (let clientSeq = 1; clientSeq <= 3; clientSeq += 1) {
    const body = JSON.stringify({ deviceId, clientSeq, id: randomUUID(), text: chance.pick(questions) });
    const said = await fetch(`${url}/v1/messages`, { method: 'POST', headers, body });
    count(said.ok ? 'says over HTTP' : `WRONG: status ${said.status} for a say over HTTP`);
    await said.arrayBuffer();
    await sleep(lengthMs / 3);
  }
  const page = await fetch(`${url}/v1/messages?beforeSeq=4294967295&limit=50`, { headers });
  if (!page.ok) count(`WRONG: status ${page.status} for a page over HTTP`);
  await page.arrayBuffer();
}

/** The kinds of visits. A kind that is listed twice happens twice as often. */
export const visits = [
  ...Array.from({ length: 6 }, () => talk),
  comeBack,
  twoDevices,
  readSlowly,
  useHttp,
] as const;

async function withClient(
  visit: Visit & { readonly afterSeq?: number },
  use: (client: Rapport) => Promise<void>,
): Promise<void> {
  const { url, creatorId, token, afterSeq = 0, count } = visit;
  const client = createRapport({ url, creatorId, token, ...(afterSeq > 0 && { afterSeq }) });
  try {
    await use(client);
    const untilMs = performance.now() + storedWithinMs;
    while (client.state().pending.length > 0 && performance.now() < untilMs) await sleep(50);
    if (client.state().pending.length > 0) count('WRONG: never stored');
    if (client.state().connection.at === 'stopped') count('WRONG: a client stopped');
  } finally {
    await client.close();
  }
}

async function chatter(client: Rapport, { chance, count }: Visit, lengthMs: number): Promise<void> {
  for (const endMs = performance.now() + lengthMs; performance.now() < endMs; ) {
    await act(client, { chance, count });
    await sleep(chance.between(pauseMs.least, pauseMs.most));
  }
}

async function act(client: Rapport, { chance, count }: Pick<Visit, 'chance' | 'count'>): Promise<void> {
  const choice = chance.next();
  if (choice < 0.5) {
    count('says');
    await client.say(chance.pick(questions) ?? '');
  } else if (choice < 0.65) client.typing(true);
  else if (choice < 0.85) client.read(client.state().topSeq);
  else if (choice < 0.95) client.page();
  else client.stop();
}
