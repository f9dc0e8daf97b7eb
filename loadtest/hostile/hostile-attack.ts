import { connect } from 'node:net';
import { codes, isCode } from '@rapport/proto/codes.ts';
import { upToBinary } from '@rapport/proto/wire.ts';
import type { HostileRequest } from './hostile-fixture.ts';

const atOnce = 16;
/** Of four sockets three say a valid hello first; the fourth is closed at its first frame, so it gets few. */
const framesPerSocket = 500;
const framesWithoutHello = 10;
/** A larger frame ends its socket at once, so it gets one of its own. */
const survivableBytes = 128 * 1024;
/** A wire that gets no answer within this is left. */
const answerWithinMs = 20;

type HostileFrame = string | Uint8Array<ArrayBuffer>;

export interface FrameAttack {
  readonly wsUrl: string;
  readonly protocol: 'rapport.v1.json' | 'rapport.v1.proto';
  readonly token: string;
}

/** Sends frames over sockets one after the other; resolves when the gateway has taken and closed them all. */
export async function attackFrames(
  { wsUrl, protocol, token }: FrameAttack,
  frames: readonly HostileFrame[],
): Promise<void> {
  const hello = { hello: { token, deviceId: crypto.randomUUID() } };
  for (const { greets, part } of socketsOf(frames)) {
    const socket = new WebSocket(wsUrl, protocol);
    const closed = happens(socket, 'close');
    const answered = happens(socket, 'message');
    await happens(socket, 'open');
    if (greets) {
      socket.send(protocol === 'rapport.v1.json' ? JSON.stringify(hello) : upToBinary(hello));
      await answered;
    }
    for (const frame of part) socket.send(frame);
    socket.close();
    await closed;
  }
}

/** What each socket sends. */
function* socketsOf(
  frames: readonly HostileFrame[],
): Iterable<{ readonly greets: boolean; readonly part: readonly HostileFrame[] }> {
  const survivable = frames.filter((frame) => Buffer.byteLength(frame) <= survivableBytes);
  for (let from = 0, sockets = 1; from < survivable.length; sockets += 1) {
    const greets = sockets % 4 !== 0;
    const part = survivable.slice(from, from + (greets ? framesPerSocket : framesWithoutHello));
    yield { greets, part };
    from += part.length;
  }
  for (const frame of frames) {
    if (Buffer.byteLength(frame) > survivableBytes) yield { greets: true, part: [frame] };
  }
}

function happens(socket: WebSocket, event: 'open' | 'message' | 'close'): Promise<void> {
  return new Promise((resolve) => socket.addEventListener(event, () => resolve(), { once: true }));
}

/** Sends requests; resolves with a sentence for each answer that is not as docs/protocol.md has it. */
export async function attackHttp(url: string, all: readonly HostileRequest[]): Promise<string[]> {
  const wrong: string[] = [];
  await drain(all, async ({ method, path, headers, body }) => {
    const withBody = method !== 'GET' && method !== 'HEAD';
    const request = { method, headers, redirect: 'manual', ...(withBody && { body }) } as const;
    try {
      const response = await fetch(`${url}${path}`, request);
      const flaw = flawOf(method, response.status, await response.text());
      if (flaw !== undefined) wrong.push(`${method} ${path}: ${flaw}`);
    } catch (failure) {
      wrong.push(`${method} ${path}: no answer (${String(failure)})`);
    }
  });
  return wrong;
}

/** An error is coded JSON with the code's own status; none of them is our fault. */
function flawOf(method: string, status: number, text: string): string | undefined {
  if (status >= 500) return `status ${status}`;
  if (status < 400 || method === 'HEAD') return undefined;
  const { code = '', reason = '' } = parsed(text);
  return isCode(code) && codes[code].http === status && reason !== ''
    ? undefined
    : `status ${status} with ${text.slice(0, 200)}`;
}

function parsed(text: string): { readonly code?: string; readonly reason?: string } {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Sends bytes that are no proper request; every second connection is cut without waiting for the answer. */
export async function attackWires(url: string, all: readonly string[]): Promise<string[]> {
  const wrong: string[] = [];
  await drain(
    all.map((bytes, at) => ({ bytes, cut: at % 2 === 0 })),
    async ({ bytes, cut }) => {
      const answer = await exchange(url, bytes, cut);
      if (/^HTTP\/1.1 50[0-4]/.test(answer) || /"workspaces"|root:/.test(answer)) {
        wrong.push(`${JSON.stringify(bytes.slice(0, 100))}: ${answer.slice(0, 200)}`);
      }
    },
  );
  return wrong;
}

function exchange(url: string, bytes: string, cut: boolean): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(bytes, 'latin1');
      if (cut) socket.destroy();
      else socket.setTimeout(answerWithinMs, () => socket.destroy());
    });
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      socket.destroy();
    });
    socket.on('error', () => undefined); // A close event follows.
    socket.on('close', () => resolve(answer));
  });
}

async function drain<T>(all: readonly T[], use: (one: T) => Promise<void>): Promise<void> {
  const rest = all.values();
  const worker = async () => {
    for (const one of rest) await use(one);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/**
 * Writes the bytes, then one more each second while `drip` lasts; resolves with the time until it is closed.
 */
export function lingers(url: string, bytes: string, drip: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const beganMs = performance.now();
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let at = 0;
    const timer = setInterval(() => {
      const next = drip.charAt(at);
      if (next !== '') socket.write(next);
      at += 1;
    }, 1_000);
    socket.on('error', () => undefined); // A close event follows.
    socket.on('close', () => {
      clearInterval(timer);
      resolve(performance.now() - beganMs);
    });
    socket.resume();
  });
}
