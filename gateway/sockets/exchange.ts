// HTTP over uWebSockets.js. With socket.ts the only file that knows the library.

import type * as uWS from 'uWebSockets.js';
import { STATUS_CODES } from 'node:http';
import { type HeaderLines, headersOf, malformedBy } from './header-lines.ts';

/** The head of an HTTP request: everything but its body. */
export interface RequestHead {
  /** In upper case. */
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case; a header that comes several times is joined by commas. */
  readonly headers: ReadonlyMap<string, string>;
  readonly address: string;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** Why the head cannot be trusted, as a sentence; undefined when it can. */
  readonly malformed: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** The body of a request: whole (empty where none was wanted), or why it is not there. */
export type Body =
  | { readonly at: 'whole'; readonly bytes: Buffer }
  | { readonly at: 'too_big' }
  | { readonly at: 'late' };

/** The way of a request's answer, decided by its head. */
export interface Begun {
  /** When false, the bytes of a body are dropped as they come. */
  readonly wantsBody: boolean;
  /** Never rejects. Called once, when the body has come or is no longer waited for. */
  readonly answer: (body: Body) => Promise<Answer>;
}

export type Begin = (head: RequestHead) => Begun;

/** A message of 8,000 characters takes at most 48 KB as escaped JSON. */
export const bodyBytesMax = 64 * 1024;
/**
 * The rest of a larger body is read and dropped up to here, so that the client reads the answer in peace;
 * beyond, the answer is sent at once and the connection closed.
 */
const droppedBytesMax = 1024 * 1024;
/** A body that comes slower is refused. The library cuts a silent client off after 10 s, without a word. */
export const bodyWithinMs = 7_000;

/**
 * Answers one HTTP request. uWebSockets.js keeps a connection open without any time-out until its response is
 * ended, and a response must not be touched once its client is gone. So each path through here ends the
 * response exactly once, or its client has gone.
 */
export function exchange(response: uWS.HttpResponse, request: uWS.HttpRequest, begin: Begin): void {
  const abort = new AbortController();
  const head = headOf(response, request, abort.signal);
  const { wantsBody, answer } = begin(head);
  const reply = (body: Body, closes: boolean) => void send(response, answer(body), { head, closes });
  if (head.malformed !== undefined) {
    response.onAborted(() => abort.abort());
    // Not in this call, in which the parser would take what follows in the same packet for the next request.
    setImmediate(reply, { at: 'whole', bytes: Buffer.alloc(0) }, true);
    return;
  }
  const late = setTimeout(() => settle({ at: 'late' }, true), bodyWithinMs);
  const settle = once((body: Body, closes: boolean) => {
    clearTimeout(late);
    reply(body, closes);
  });
  response.onAborted(() => {
    clearTimeout(late);
    abort.abort();
  });
  readBody(response, wantsBody ? bodyBytesMax : 0, (body, closes) =>
    settle(wantsBody ? body : { at: 'whole', bytes: Buffer.alloc(0) }, closes),
  );
}

function headOf(response: uWS.HttpResponse, request: uWS.HttpRequest, signal: AbortSignal): RequestHead {
  const lines = linesOf(request);
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    query: new URLSearchParams(request.getQuery()),
    headers: headersOf(lines),
    address: remoteAddressOf(response),
    signal,
    malformed: malformedBy(lines),
  };
}

/** The address at the other end of the connection, as text. */
export function remoteAddressOf(response: uWS.HttpResponse): string {
  return Buffer.from(response.getRemoteAddressAsText()).toString();
}

/** The header lines as they came, names in lower case. */
export function linesOf(request: uWS.HttpRequest): HeaderLines {
  const lines: [string, string][] = [];
  request.forEach((name, value) => {
    lines.push([name, value]);
  });
  return lines;
}

/** Gathers up to `bytesMax` of the body; `done` is told whether the connection has to be closed after it. */
function readBody(
  response: uWS.HttpResponse,
  bytesMax: number,
  done: (body: Body, closes: boolean) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.onData((chunk, isLast) => {
    bytes += chunk.byteLength;
    if (bytes <= bytesMax) chunks.push(Buffer.from(chunk.slice(0)));
    else chunks.length = 0;
    const endless = bytes > bytesMax + droppedBytesMax;
    if (!isLast && !endless) return;
    const body: Body =
      bytes > bytesMax ? { at: 'too_big' } : { at: 'whole', bytes: Buffer.concat(chunks, bytes) };
    done(body, endless);
  });
}

async function send(
  response: uWS.HttpResponse,
  promised: Promise<Answer>,
  { head: { method, signal }, closes }: { readonly head: RequestHead; readonly closes: boolean },
): Promise<void> {
  const { status, headers, body } = await promised;
  if (signal.aborted) return;
  response.cork(() => {
    response.writeStatus(`${status} ${STATUS_CODES[status] ?? ''}`);
    for (const [name, value] of Object.entries(headers)) response.writeHeader(name, value);
    const hasNoBody = method === 'HEAD' || status === 204 || status === 304;
    if (!hasNoBody) response.end(body, closes);
    else if (closes) response.end('', true);
    else {
      // A length given to endWithoutBody() would make uWebSockets.js wait for that many bytes for ever.
      if (status !== 204 && status !== 304) {
        response.writeHeader('content-length', String(Buffer.byteLength(body)));
      }
      response.endWithoutBody();
    }
  });
}

function once<Values extends unknown[]>(act: (...values: Values) => void): (...values: Values) => void {
  let isDone = false;
  return (...values) => {
    if (isDone) return;
    isDone = true;
    act(...values);
  };
}
