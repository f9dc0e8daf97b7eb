import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { openNatsCatalog } from '@rapport/catalog/catalog-nats.ts';
import { creatorSchema } from '@rapport/catalog/creator.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** Answers that may be written at once: of all creators together, and of one creator. */
const slots = { all: 8, perCreator: 6 };
const crowd = 500;
/** The time that the model takes for a question with "slow" in it. */
const slowMs = 1_000;

const log = createLog({ name: 'fairness', level: 'silent' });
let rapport: TestRapport;
let model: Server;
/** The questions that the model was asked, in their order. */
const asked: string[] = [];

/** A chat completions endpoint: it never answers a question with "stall", and late one with "slow". */
async function startModel(): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as {
      messages: readonly { readonly content: string }[];
    };
    const question = messages.at(-1)?.content ?? '';
    asked.push(question);
    if (question.includes('stall')) return;
    if (question.includes('slow')) await sleep(slowMs);
    complete(response, `You said: ${question}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function complete(response: ServerResponse, content: string): void {
  const choice = { index: 0, delta: { content }, finish_reason: 'stop' };
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`data: ${JSON.stringify({ choices: [choice] })}\n\ndata: [DONE]\n\n`);
}

beforeAll(async () => {
  model = await startModel();
  const { port } = model.address() as AddressInfo;
  rapport = await startRapport({
    env: {
      GATEWAY_VISITOR_TOKENS_PER_MINUTE_MAX: '1000000',
      MODEL: 'openai',
      OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
      MODEL_FIRST_TOKEN_MS: '120000',
      TURN_DEADLINE_MS: '120000',
      INFERENCE_SLOTS_MAX: String(slots.all),
      INFERENCE_SLOTS_PER_CREATOR_MAX: String(slots.perCreator),
    },
  });
  const nc = await connectNats({ url: rapport.natsUrl, name: 'fairness', log });
  const catalog = await openNatsCatalog(nc, log);
  for (const creatorId of ['stalled', 'crowded', 'busy', 'small']) {
    await catalog.putCreator(creatorSchema.parse({ creatorId, name: creatorId }));
  }
  await catalog.close();
  await nc.drain();
});

afterAll(async () => {
  model.closeAllConnections();
  model.close();
  await rapport.stop();
});

async function post(path: string, body: object, token = ''): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  return await fetch(`${rapport.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function visitor(creatorId: string): Promise<string> {
  const { token } = (await (await post('/v1/visitors', { creatorId })).json()) as { token: string };
  return token;
}

/** Many people of a creator say the same text at once. Resolves when all of it is stored. */
async function everybodySays(creatorId: string, people: number, text: string): Promise<void> {
  const rest = Array.from({ length: people }, (_, at) => at).values();
  const worker = async () => {
    for (const _ of rest) {
      const say = { deviceId: randomUUID(), clientSeq: 1, id: randomUUID(), text };
      expect((await post('/v1/messages', say, await visitor(creatorId))).status).toBe(200);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

/** Milliseconds that a person of the creator `small` waits for an answer. */
async function answerTakes(): Promise<number> {
  const token = await visitor('small');
  const client = createRapport({ url: rapport.url, creatorId: 'small', token });
  await expect.poll(() => client.state().connection.at).toBe('open');
  const beganMs = performance.now();
  await client.say('hello');
  await expect
    .poll(() => client.state().messages.map(({ role, text }) => `${role} ${text}`), {
      timeout: 20_000,
      interval: 10,
    })
    .toEqual(['USER hello', 'COACH You said: hello']);
  const tookMs = performance.now() - beganMs;
  await client.close();
  return tookMs;
}

const countOf = (question: string) => asked.filter((one) => one === question).length;

test('500 waiting turns of a creator whose model hangs do not hold up another creator', {
  timeout: 60_000,
}, async () => {
  await everybodySays('stalled', crowd, 'stall');
  await expect.poll(() => countOf('stall')).toBe(slots.perCreator);
  for (let at = 0; at < 5; at += 1) expect(await answerTakes()).toBeLessThan(1_000);
  expect(countOf('stall')).toBe(slots.perCreator);
});

test('with every slot taken by crowds, another creator waits for one turn and not for all of theirs', {
  timeout: 90_000,
}, async () => {
  // The crowds take the slots that the test before left free, and then each slot that becomes free.
  await Promise.all([
    everybodySays('crowded', crowd, 'slow one'),
    everybodySays('busy', crowd / 2, 'slow two'),
  ]);
  for (let at = 0; at < 5; at += 1) expect(await answerTakes()).toBeLessThan(2 * slowMs + 500);
  // Nearly all of the crowds still wait.
  expect(countOf('slow one') + countOf('slow two')).toBeLessThan(crowd / 4);
  // Neither crowd has kept the other out.
  expect(countOf('slow one')).toBeGreaterThan(2);
  expect(countOf('slow two')).toBeGreaterThan(2);
});
