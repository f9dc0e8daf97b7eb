import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { create } from '@bufbuild/protobuf';
import { MessageSchema, Role } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { answerCharsMax } from '@rapport/proto/limits.ts';
import { systemClock } from '@rapport/runtime/clock.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, clientOf, collect, startServer, twoCreators } from '../testing/fixture.ts';
import type { Question } from './model.ts';
import { createOpenAiModel, type OpenAiOptions } from './model-openai.ts';

interface Body {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

type Respond = (response: ServerResponse) => void | Promise<void>;

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/**
 * A real HTTP endpoint; `respond` decides how well it speaks the protocol. `left` resolves when the caller
 * hangs up.
 */
async function startEndpoint(respond: Respond) {
  const bodies: Body[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const left = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    response.on('close', () => left.resolve());
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
      headers.push(request.headers);
      void respond(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { baseUrl: `http://127.0.0.1:${port}/v1`, bodies, headers, left: left.promise };
}

function sse(response: ServerResponse, ...events: (object | string)[]): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) {
    response.write(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
  }
}

const chunk = (content: string, finish: string | null = null) => ({
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
});
const usage = { choices: [], usage: { prompt_tokens: 42, completion_tokens: 7 } };

function modelOf(baseUrl: string, more: Partial<OpenAiOptions> = {}) {
  return createOpenAiModel({
    clock: systemClock,
    baseUrl,
    apiKey: 'key',
    model: 'test-model',
    answerTokensMax: 100,
    passagesMax: 5,
    firstTokenMs: 2_000,
    idleMs: 2_000,
    ...more,
  });
}

async function question(): Promise<Question> {
  const { catalog, library } = await twoCreators();
  const creator = catalog.creator('ada')?.creator;
  if (creator === undefined) throw new Error('there is no creator ada');
  const messages = [
    create(MessageSchema, { role: Role.USER, text: 'Hi' }),
    create(MessageSchema, { role: Role.COACH, text: 'Hello from Ada.' }),
    create(MessageSchema, { role: Role.USER, text: 'How long should a nap be?' }),
  ];
  return { creator, messages, found: library.find('ada', 'How long should a nap be?') };
}

async function answerOf(
  baseUrl: string,
  more: Partial<OpenAiOptions> = {},
  signal = new AbortController().signal,
) {
  return await collect(modelOf(baseUrl, more).answer(await question(), signal));
}

const failing = async (baseUrl: string, more: Partial<OpenAiOptions> = {}) =>
  await answerOf(baseUrl, more).then(
    () => 'answered',
    (failure: { code?: string }) => failure.code,
  );

describe('createOpenAiModel()', () => {
  it('streams what the endpoint writes, then cites the documents it was given', async () => {
    const { baseUrl } = await startEndpoint((response) => {
      sse(response, chunk('Twenty '), chunk('minutes.'), chunk('', 'stop'), usage, '[DONE]');
      response.end();
    });
    const answer = await answerOf(baseUrl);
    expect(answer.text).toBe('Twenty minutes.');
    expect(answer.kinds).toEqual(['delta', 'delta', 'citation', 'usage', 'done']);
    expect(answer.sources[0]).toMatchObject({ documentId: 'naps', url: '/learn/naps' });
    expect(answer.done).toBe('ANSWERED');
  });

  it('sends the conversation, the passages and what to say when they do not answer', async () => {
    const { baseUrl, bodies, headers } = await startEndpoint((response) => {
      sse(response, chunk('Well.', 'stop'), '[DONE]');
      response.end();
    });
    await answerOf(baseUrl);
    const [system, ...said] = bodies[0]?.messages ?? [];
    expect(system?.content).toContain('The best nap lasts twenty minutes.');
    expect(system?.content).toContain("I don't know that.");
    expect(said).toEqual([
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Hello from Ada.' },
      { role: 'user', content: 'How long should a nap be?' },
    ]);
    expect(bodies[0]).toMatchObject({ model: 'test-model', stream: true, max_completion_tokens: 100 });
    expect(headers[0]?.authorization).toBe('Bearer key');
  });

  it('says UNKNOWN and cites nothing when the model says that it does not know', async () => {
    const { creator } = await question();
    const { baseUrl } = await startEndpoint((response) => {
      sse(response, chunk(creator.unknownAnswer, 'stop'), '[DONE]');
      response.end();
    });
    const answer = await answerOf(baseUrl);
    expect([answer.done, answer.sources]).toEqual(['UNKNOWN', []]);
  });

  it('says LENGTH when the model was cut at its longest answer', async () => {
    const { baseUrl } = await startEndpoint((response) => {
      sse(response, chunk('Twenty', 'length'), '[DONE]');
      response.end();
    });
    expect((await answerOf(baseUrl)).done).toBe('LENGTH');
  });

  it.each([
    [429, 'model_busy'],
    [500, 'model_failed'],
    [503, 'model_unavailable'],
    [401, 'model_failed'],
  ])('fails for status %i with %s', async (status, code) => {
    const { baseUrl } = await startEndpoint((response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
    });
    expect(await failing(baseUrl)).toBe(code);
  });

  it('fails with model_unavailable when nothing listens', async () => {
    expect(await failing('http://127.0.0.1:1/v1')).toBe('model_unavailable');
  });

  it('fails with model_timeout when no response, or no text, comes in time, and hangs up', async () => {
    const silent = await startEndpoint(() => {});
    expect(await failing(silent.baseUrl, { firstTokenMs: 1_000 })).toBe('model_timeout');
    await silent.left;
    const headersOnly = await startEndpoint((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    });
    expect(await failing(headersOnly.baseUrl, { firstTokenMs: 1_000 })).toBe('model_timeout');
    await headersOnly.left;
  });

  it('fails with model_timeout when it falls silent in the middle, and hangs up', async () => {
    const { baseUrl, left } = await startEndpoint((response) => sse(response, chunk('Twenty ')));
    expect(await failing(baseUrl, { idleMs: 100 })).toBe('model_timeout');
    await left;
  });

  it.each<[string, Respond]>([
    [
      'the connection is cut in the middle',
      async (response) => {
        sse(response, chunk('Twenty '));
        await systemClock.sleep(20);
        response.destroy();
      },
    ],
    [
      'the stream ends without a finish_reason',
      (response) => {
        sse(response, chunk('Twenty '), '[DONE]');
        response.end();
      },
    ],
    [
      'an event is not JSON',
      (response) => {
        sse(response, chunk('Twenty '), '{"choices": [');
        response.end();
      },
    ],
    [
      'an event has another shape',
      (response) => {
        sse(response, { hello: 'world' }, '[DONE]');
        response.end();
      },
    ],
    [
      'the answer has no text',
      (response) => {
        sse(response, chunk('', 'stop'), '[DONE]');
        response.end();
      },
    ],
    [
      'it is no event stream at all',
      (response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome</html>');
      },
    ],
  ])('fails with model_failed when %s', async (_what, respond) => {
    const { baseUrl } = await startEndpoint(respond);
    expect(await failing(baseUrl)).toBe('model_failed');
  });

  it('puts the halves of an emoji together that come in two chunks', async () => {
    const { baseUrl } = await startEndpoint((response) => {
      sse(response, '{"choices":[{"index":0,"delta":{"content":"Yes \\ud83d"},"finish_reason":null}]}');
      sse(
        response,
        '{"choices":[{"index":0,"delta":{"content":"\\ude00"},"finish_reason":"stop"}]}',
        '[DONE]',
      );
      response.end();
    });
    const answer = await answerOf(baseUrl);
    expect(answer.text).toBe('Yes 😀');
    expect(answer.deltas).toEqual(['Yes ', '😀']);
  });

  it.each([500, 400, 401])(
    'tells no secret and at most 300 characters of an error with status %i',
    async (status) => {
      const { baseUrl } = await startEndpoint((response) => {
        const filler = 'x'.repeat(1_000_000);
        const message = `Bad key secret-key-1234567890 for "How long should a nap be?" ${filler}`;
        response
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify({ error: { message } }));
      });
      const failure: unknown = await answerOf(baseUrl, { apiKey: 'secret-key-1234567890' }).catch(
        (thrown) => thrown,
      );
      const reason = reasonOf(failure);
      expect(reason).toMatch(/^Cannot get an answer: the endpoint answered with status .+Bad key …/);
      expect(reason).not.toMatch(/secret|nap be/);
      expect(reason.length).toBeLessThan(400);
      expect(inspect(failure, { depth: 10 })).not.toMatch(/secret-key|nap be/);
    },
  );

  it('hangs up on the endpoint when the gRPC caller cancels', async () => {
    const { baseUrl, left } = await startEndpoint((response) => sse(response, chunk('Twenty ')));
    const server = await startServer(modelOf(baseUrl, { idleMs: 60_000 }));
    cleanups.push(() => server.stop(0));
    const client = clientOf(server.address);
    cleanups.push(() => client.close());
    for await (const piece of client.generate(ask('How long?'), new AbortController().signal)) {
      expect(piece).toEqual({ kind: 'delta', text: 'Twenty ' });
      break;
    }
    await left;
  });

  it("hangs up on the endpoint at the gRPC caller's deadline", async () => {
    const { baseUrl, left } = await startEndpoint((response) => sse(response, chunk('Twenty ')));
    const server = await startServer(modelOf(baseUrl, { idleMs: 60_000 }));
    cleanups.push(() => server.stop(0));
    const client = clientOf(server.address, { turnDeadlineMs: 1_000 });
    cleanups.push(() => client.close());
    const answer = collect(client.generate(ask('How long?'), new AbortController().signal));
    await expect(answer).rejects.toMatchObject({ code: 'model_timeout' });
    await left;
  });

  it('ends an answer that never ends', async () => {
    const { baseUrl, left } = await startEndpoint(async (response) => {
      while (!response.destroyed) {
        sse(response, chunk('so on and so on '.repeat(20)));
        await systemClock.sleep(0);
      }
    });
    const answer = await answerOf(baseUrl);
    expect(answer.done).toBe('LENGTH');
    expect(answer.text).toHaveLength(answerCharsMax);
    expect(answer.kinds.slice(-3)).toEqual(['citation', 'usage', 'done']);
    await left;
  });
});
