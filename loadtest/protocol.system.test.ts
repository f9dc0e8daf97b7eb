import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { downFromBinary, upToBinary } from '@rapport/proto/wire.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { matches, stepsOf } from './transcript-fixture.ts';

const steps = stepsOf(readFileSync(join(import.meta.dirname, '../docs/protocol.md'), 'utf8'));

let rapport: TestRapport;

beforeAll(async () => {
  rapport = await startRapport();
});

afterAll(async () => {
  await rapport.stop();
});

test('a transcript that does not hold is noticed', () => {
  expect(matches({ receipt: { state: 'STORED' } }, { receipt: { state: 'REJECTED' } })).toBe(false);
  expect(matches({ messages: [{ seq: 2 }] }, { messages: [] })).toBe(false);
  expect(matches({ text: '…' }, {})).toBe(false);
  expect(matches({ text: '…' }, { text: 'any', more: true })).toBe(true);
});

/** The decoded frames of a socket in their order. A frame can be put back. */
class Frames {
  readonly #come: unknown[] = [];
  #wake: () => void = () => undefined;

  constructor(socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => {
      this.#come.push(typeof data === 'string' ? JSON.parse(data) : downFromBinary(new Uint8Array(data)));
      this.#wake();
    });
  }

  async next(): Promise<unknown> {
    while (this.#come.length === 0) {
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        setTimeout(() => reject(new Error('Nothing came for 10 s')), 10_000);
      });
    }
    return this.#come.shift();
  }

  putBack(frame: unknown): void {
    this.#come.unshift(frame);
  }
}

describe.each(['rapport.v1.json', 'rapport.v1.proto'])(
  'the transcript of docs/protocol.md over %s',
  (protocol) => {
    test('holds, frame by frame', async () => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${rapport.url}/v1/visitors`, {
        method: 'POST',
        headers,
        body: '{"creatorId":"demo"}',
      });
      const { token } = (await response.json()) as { token: string };
      const socket = new WebSocket(rapport.wsUrl, protocol);
      socket.binaryType = 'arraybuffer';
      const frames = new Frames(socket);
      await new Promise((resolve) => socket.addEventListener('open', resolve));
      for (const step of steps) {
        if (step.kind === 'send') {
          const text = step.frame.replace('$TOKEN', token);
          // Only JSON can name a frame that the schema does not have. Its binary twin is bytes that are no
          // frame.
          if (protocol === 'rapport.v1.json') socket.send(text);
          else socket.send(text.includes('shout') ? new Uint8Array([7, 7, 7]) : upToBinary(JSON.parse(text)));
          continue;
        }
        let frame = await frames.next();
        while (step.many && matches(step.frame, frame)) frame = await frames.next();
        if (step.many) frames.putBack(frame);
        else expect(frame, JSON.stringify(step.frame)).toSatisfy((given) => matches(step.frame, given));
      }
      socket.close();
    });
  },
);
