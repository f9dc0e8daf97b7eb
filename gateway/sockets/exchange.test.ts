import { connect } from 'node:net';
import { limits } from '@rapport/proto/limits.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bodyWithinMs, type RequestHead } from './exchange.ts';
import { type Listening, listen } from './socket.ts';

/** The heads and bodies that arrived, newest last. */
const heads: RequestHead[] = [];
const bodies: string[] = [];
let listening: Listening;
/** Resolves with what is written into it, once the test has let it go. */
let answering: Promise<void> = Promise.resolve();

beforeAll(async () => {
  const never = () => {
    throw new Error('no WebSocket is opened here');
  };
  listening = await listen({
    host: '127.0.0.1',
    port: 0,
    limits,
    peerOf: never,
    ...{ open: never, admits: never, take: never, drained: never, closed: never, refuse: never },
    begin: (head) => {
      heads.push(head);
      return {
        wantsBody: head.path !== '/dropped',
        answer: async (body) => {
          bodies.push(body.at === 'whole' ? body.bytes.toString() : body.at);
          await answering;
          const status = Number(
            /^\/(\d+)$/.exec(head.path)?.[1] ?? (head.malformed === undefined ? 200 : 400),
          );
          return { status, headers: { 'x-of': head.path }, body: 'hello' };
        },
      };
    },
  });
});
afterAll(() => listening.close());

interface Patience {
  /** Resolves a little after so many answers; absent: waits until the connection is closed. */
  readonly answers?: number;
  readonly forMs?: number;
  /** Closes its own half when everything is sent. */
  readonly ends?: boolean;
}

/** Everything that a raw connection is told. */
function told(
  pieces: readonly string[],
  { answers = Infinity, forMs = 9_000, ends = false }: Patience,
): Promise<{ readonly text: string; readonly closed: boolean }> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ port: listening.port, host: '127.0.0.1', allowHalfOpen: true });
    const done = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const timer = setTimeout(() => done(false), forMs);
    socket.on('data', (bytes) => {
      text += bytes;
      if (answersIn(text).length >= answers) setTimeout(() => done(false), 50);
    });
    socket.on('end', () => done(true));
    socket.on('error', () => done(true));
    for (const [at, piece] of pieces.entries()) setTimeout(() => socket.write(piece), at * 30);
    if (ends) setTimeout(() => socket.end(), pieces.length * 30);
  });
}

const get = 'GET /a HTTP/1.1\r\nhost: x\r\n\r\n';
const answersIn = (text: string) => text.match(/HTTP\/1\.1 \d+/g) ?? [];

test.each(['/a', '/404', '/304', '/204'])(
  'HEAD %s and then GET are answered on one connection',
  async (path) => {
    const { text, closed } = await told([`HEAD ${path} HTTP/1.1\r\nhost: x\r\n\r\n`, get], { answers: 2 });
    expect([answersIn(text).length, closed]).toEqual([2, false]);
    expect(text.match(/hello/g)).toHaveLength(1);
  },
);

test.each(['304', '204'])(
  '%s has neither a body nor a length, and the connection lives on',
  async (status) => {
    const { text } = await told([`GET /${status} HTTP/1.1\r\nhost: x\r\n\r\n`, get], { answers: 2 });
    expect(answersIn(text)).toEqual([`HTTP/1.1 ${status}`, 'HTTP/1.1 200']);
    expect(text.split('HTTP/1.1 200')[0]?.toLowerCase()).not.toContain('content-length');
  },
);

test('a HEAD tells the length that GET would have', async () => {
  const { text } = await told(['HEAD /a HTTP/1.1\r\nhost: x\r\n\r\n'], { answers: 1 });
  expect(text.toLowerCase().match(/content-length: \d+/g)).toEqual(['content-length: 5']);
});

test.each([
  ['two lengths', 'content-length: 3\r\ncontent-length: 40\r\n\r\nabc'],
  ['a coding that is not chunked', 'transfer-encoding: xchunked\r\n\r\n0\r\n\r\n'],
  ['identity', 'transfer-encoding: identity\r\n\r\n0\r\n\r\n'],
  ['two codings', 'transfer-encoding: chunked\r\ntransfer-encoding: gzip\r\n\r\n0\r\n\r\n'],
  ['two hosts', 'host: y\r\n\r\n'],
  ['two origins', 'origin: http://a\r\norigin: http://b\r\n\r\n'],
  ['two tokens', 'authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n'],
])('a request with %s is refused and its connection closed', async (_what, rest) => {
  const before = heads.length;
  const { text, closed } = await told([`POST /a HTTP/1.1\r\nhost: x\r\n${rest}`], {});
  expect([answersIn(text), closed]).toEqual([['HTTP/1.1 400'], true]);
  expect(heads.slice(before).map(({ malformed }) => malformed)).toEqual([
    expect.stringContaining('Cannot read'),
  ]);
});

test.each([
  ['two lengths', `content-length: 0\r\ncontent-length: ${get.length}\r\n\r\n${get}`],
  ['an odd coding', `transfer-encoding: xchunked\r\n\r\n0\r\n\r\n${get}`],
])('no second request is answered that hides behind %s', async (_what, rest) => {
  const { text, closed } = await told([`POST /a HTTP/1.1\r\nhost: x\r\n${rest}`], {});
  expect([answersIn(text).filter((answer) => answer.endsWith('200')), closed]).toEqual([[], true]);
});

test('the same length twice is no fault', async () => {
  const twice = 'POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc';
  const { text } = await told([twice], { answers: 1 });
  expect([answersIn(text), bodies.at(-1)]).toEqual([['HTTP/1.1 200'], 'abc']);
});

test('a refused upgrade to a WebSocket is answered too', async () => {
  const upgrade =
    'GET /v1/ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n' +
    'sec-websocket-version: 13\r\n' +
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\norigin: http://a\r\norigin: http://b\r\n\r\n';
  const { text, closed } = await told([upgrade], {});
  expect([answersIn(text), closed]).toEqual([['HTTP/1.1 400'], true]);
});

test('a body that is too large is said to be so, and the connection lives on', async () => {
  const large = `POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 70000\r\n\r\n${'x'.repeat(70_000)}`;
  const { text, closed } = await told([large, get], { answers: 2 });
  expect([answersIn(text).length, closed]).toEqual([2, false]);
  expect(bodies.slice(-2)).toEqual(['too_big', '']);
});

test('a body without end is cut off', async () => {
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const head = 'POST /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n';
  const { closed } = await told([head, ...Array.from({ length: 30 }, () => chunk)], {});
  expect([bodies.at(-1), closed]).toEqual(['too_big', true]);
});

test('a body that nobody wants is not kept', async () => {
  await told([`POST /dropped HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n${'x'.repeat(9)}`], {
    answers: 1,
  });
  expect(bodies.at(-1)).toBe('');
});

test('a client that goes away before its answer harms nobody', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  answering = promise;
  await told([get], { forMs: 100 });
  await expect.poll(() => heads.at(-1)?.signal.aborted).toBe(true);
  answering = Promise.resolve();
  resolve();
  expect(answersIn((await told([get], { answers: 1 })).text)).toEqual(['HTTP/1.1 200']);
});

test.each([
  ['HTTP/1.0', 'GET /a HTTP/1.0\r\nhost: x\r\n\r\n', 'HTTP/1.1 505'],
  [
    'a head without end',
    `GET /a HTTP/1.1\r\nhost: x\r\n${`x: ${'y'.repeat(6_000)}\r\n`.repeat(3)}\r\n`,
    'HTTP/1.1 431',
  ],
  [
    'a length and a coding',
    'POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n',
    'HTTP/1.1 400',
  ],
])('the library itself answers %s and closes', async (_what, request, answer) => {
  const { text, closed } = await told([request], {});
  expect([answersIn(text), closed]).toEqual([[answer], true]);
});

test.each([
  ['two requests in one packet', `${get}${get}`, false],
  ['a client that closes its half at once', get, true],
])('%s: an answer, or the connection is closed at once', async (_what, request, ends) => {
  const { text, closed } = await told([request], { ends, answers: 2 });
  expect(closed || answersIn(text).length === 2).toBe(true);
});

test('a request with many cookies is answered, in one packet or in two', async () => {
  const head = `GET /a HTTP/1.1\r\nhost: x\r\ncookie: ${'c=1; '.repeat(3_000)}\r\n\r\n`;
  for (const pieces of [[head], [head.slice(0, 9_000), head.slice(9_000)]]) {
    expect(answersIn((await told(pieces, { answers: 1 })).text)).toEqual(['HTTP/1.1 200']);
  }
});

test('no answer names the library', async () => {
  const { text } = await told([get], { answers: 1 });
  expect(text.toLowerCase()).not.toContain('uwebsockets');
});

test.concurrent.each(['HEAD', 'GET'])(
  'a connection that is idle after %s is closed by the time-out',
  { timeout: 30_000 },
  async (method) => {
    const { closed } = await told([`${method} /a HTTP/1.1\r\nhost: x\r\n\r\n`], { forMs: 20_000 });
    expect(closed).toBe(true);
  },
);

test.concurrent('a body that does not come is not waited for', { timeout: 30_000 }, async () => {
  const { text, closed } = await told(['POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc'], {
    forMs: bodyWithinMs + 5_000,
  });
  expect([closed, answersIn(text), bodies.at(-1)]).toEqual([true, ['HTTP/1.1 200'], 'late']);
});
