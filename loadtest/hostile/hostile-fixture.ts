import fc from 'fast-check';

/** Frames and requests that nobody should send, the same ones for the same seed. */
const seed = 20_261_120;

const nasty = fc.constantFrom<unknown>(
  null,
  true,
  -1,
  0,
  1.5,
  4_294_967_296,
  1e308,
  '',
  ' ',
  '\u0000',
  '\ud800',
  '…'.repeat(9_000),
  'x'.repeat(40_000),
  [],
  {},
  [[[[[[[[]]]]]]]],
  { __proto__: { polluted: true } },
  'DROP TABLE messages',
  '<script>alert(1)</script>',
  '../../etc/passwd',
);

const valid: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  hello: { token: 'x.y.z', deviceId: '0193c0de-0000-4000-8000-000000000001', afterSeq: 0, tail: 10 },
  say: { clientSeq: 1, id: '0193c0de-1111-7000-8000-000000000001', text: 'hello', choiceId: '' },
  typing: { on: true },
  read: { seq: 1 },
  stop: { turnId: 't1' },
  page: { beforeSeq: 0, afterSeq: 0, limit: 10 },
};

/** A valid frame with some fields replaced, added or missing, or under another name. */
const mutated = fc
  .record({
    kind: fc.constantFrom(...Object.keys(valid)),
    as: fc.option(fc.constantFrom('shout', '__proto__', 'constructor', 'welcome', ''), { freq: 6 }),
    changes: fc.dictionary(
      fc.constantFrom('token', 'clientSeq', 'id', 'text', 'seq', 'on', 'limit', 'turnId', 'tail', 'zzz'),
      nasty,
      {
        maxKeys: 4,
      },
    ),
    twice: fc.boolean(),
  })
  .map(({ kind, as, changes, twice }) => {
    const body = { ...valid[kind], ...changes };
    return JSON.stringify(twice ? { [as ?? kind]: body, say: body } : { [as ?? kind]: body });
  });

/** JSON text that was cut, or had a character changed. */
const damaged = fc
  .tuple(mutated, fc.nat(), fc.string({ minLength: 1, maxLength: 3, unit: 'binary' }))
  .map(
    ([text, at, with_]) =>
      text.slice(0, at % (text.length + 1)) + with_ + text.slice((at % (text.length + 1)) + 1),
  );

const deep = fc
  .integer({ min: 10, max: 10_000 })
  .map((depth) => `${'{"say":'.repeat(depth)}1${'}'.repeat(depth)}`);

const bytes = fc.uint8Array({ maxLength: 300 }).map((given) => new Uint8Array(given));

export function hostileTexts(count: number): readonly string[] {
  const any = fc.oneof(
    { weight: 8, arbitrary: mutated },
    { weight: 6, arbitrary: damaged },
    { weight: 3, arbitrary: fc.string({ maxLength: 200, unit: 'binary' }) },
    { weight: 2, arbitrary: fc.json({ maxDepth: 4 }) },
    { weight: 1, arbitrary: deep },
  );
  return fc.sample(any, { numRuns: count, seed });
}

export function hostileBytes(count: number): readonly Uint8Array<ArrayBuffer>[] {
  return fc.sample(bytes, { numRuns: count, seed });
}

export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function hostileRequests(count: number): readonly HostileRequest[] {
  const path = fc.oneof(
    fc.constantFrom(
      '/',
      '/v1/visitors',
      '/v1/messages',
      '/v1/messages?afterSeq=-1',
      '/v1/messages?limit=999999999',
      '/v1/ws',
      '/widget.js',
      '/metrics',
      '/learn/..%2f..%2fpackage.json',
      '/learn/%00',
      '/learn/__proto__',
      '/../../../etc/passwd',
      '/%',
      '//',
      '/v1/visitors/',
      '/v1/messages?afterSeq=1&afterSeq=2&beforeSeq=%F0%9F',
    ),
    fc.webPath({ size: 'small' }).map((text) => `/${text}`),
  );
  const header = fc.constantFrom<Record<string, string>>(
    {},
    { authorization: 'Bearer' },
    { authorization: 'Bearer a.b.c' },
    { authorization: `Bearer ${'x'.repeat(3_000)}` },
    {
      authorization:
        'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJjcmVhdG9yX2lkIjoiZGVtbyIsInJvbGUiOiJhZG1pbiJ9.',
    },
    { origin: 'null' },
    { origin: 'https://evil.example' },
    { 'content-type': 'text/plain' },
    { 'x-forwarded-for': '1.2.3.4, <b>' },
  );
  const body = fc.oneof(
    mutated,
    damaged,
    fc.json(),
    fc.string({ maxLength: 300, unit: 'binary' }),
    fc.constant('x'.repeat(200_000)),
  );
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH');
  return fc.sample(fc.record({ method, path, headers: header, body }), { numRuns: count, seed });
}

/** What is no HTTP at all, or only begins like it. */
export function hostileWires(count: number): readonly string[] {
  const any = fc.oneof(
    fc.string({ maxLength: 400, unit: 'binary-ascii' }),
    fc.constantFrom(
      'GET / HTTP/1.1\r\n\r\n',
      // Paths that a client would have tidied up.
      'GET /learn/../../package.json HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET //etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /v1/../metrics HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /v1/messages?afterSeq=%zz&limit=\u0000 HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET http://elsewhere.example/v1/messages HTTP/1.1\r\nhost: x\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
      'TRACE /v1/messages HTTP/1.1\r\nhost: x\r\n\r\n',
      'CONNECT elsewhere.example:443 HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /v1/messages HTTP/1.1\r\nhost: x\r\norigin: a\u0001b\u00ff\r\n\r\n',
      'GET / HTTP/9.9\r\nhost: x\r\n\r\n',
      'POST /v1/visitors HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n',
      'POST /v1/visitors HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n{',
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
      'POST /v1/visitors HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n',
      '\u0016\u0003\u0001\u0002\u0000\u0001\u0000',
      'GET /v1/ws HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n' +
        'sec-websocket-key: no\r\nsec-websocket-version: 1\r\n\r\n',
    ),
  );
  return fc.sample(any, { numRuns: count, seed });
}
