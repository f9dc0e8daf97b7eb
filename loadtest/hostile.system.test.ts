import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromJson, toBinary } from '@bufbuild/protobuf';
import { UpSchema } from '@rapport/proto/gen/rapport/v1/frame_pb.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/client.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type HostileRequest,
  hostileBytes,
  hostileRequests,
  hostileTexts,
  hostileWires,
} from './hostile-fixture.ts';

const textFrames = 50_000;
const byteFrames = 20_000;
const requests = 20_000;
const wires = 10_000;
const framesPerSocket = 500;

let rapport: TestRapport;

beforeAll(async () => {
  // The limits that cut an attacker off have their own tests; here the attack has to go on.
  const many = '1000000';
  rapport = await startRapport({
    env: {
      GATEWAY_FAULTS_MAX: many,
      GATEWAY_SAYS_PER_WINDOW_MAX: many,
      GATEWAY_VISITOR_TOKENS_PER_MINUTE_MAX: many,
    },
  });
});

afterAll(async () => {
  await rapport.stop();
});

/** Sends frames over sockets one after the other, three of four after a valid hello. */
async function attackFrames(
  frames: readonly (string | Uint8Array<ArrayBuffer>)[],
  protocol: string,
  token: string,
): Promise<void> {
  for (let from = 0; from < frames.length; from += framesPerSocket) {
    const socket = new WebSocket(rapport.wsUrl, protocol);
    socket.binaryType = 'arraybuffer';
    const closed = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve()));
    const answered = new Promise<void>((resolve) => socket.addEventListener('message', () => resolve()));
    await new Promise<void>((resolve) => socket.addEventListener('open', () => resolve()));
    if ((from / framesPerSocket) % 4 !== 3) {
      const hello = { hello: { token, deviceId: crypto.randomUUID() } };
      socket.send(
        protocol === 'rapport.v1.json'
          ? JSON.stringify(hello)
          : toBinary(UpSchema, fromJson(UpSchema, hello)),
      );
      await answered;
    }
    for (const frame of frames.slice(from, from + framesPerSocket)) {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    }
    await sleep(5);
    socket.close();
    await closed;
  }
}

async function attackHttp(all: readonly HostileRequest[]): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  const queue = [...all];
  const worker = async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const { method, path, headers, body } = next;
      const withBody = method !== 'GET' && method !== 'HEAD';
      const status = await fetch(`${rapport.url}${path}`, {
        method,
        headers,
        redirect: 'manual',
        ...(withBody && { body }),
      })
        .then(statusOf)
        .catch(() => 0);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return statuses;
}

async function statusOf(response: Response): Promise<number> {
  await response.arrayBuffer();
  return response.status;
}

/** Bytes that are no proper request; half of the connections are cut from here without waiting. */
async function attackWires(all: readonly string[]): Promise<void> {
  const { hostname, port } = new URL(rapport.url);
  const queue = all.map((bytes, at) => ({ bytes, cut: at % 2 === 0 }));
  const worker = async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const { bytes, cut } = next;
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(bytes, 'latin1');
          if (cut) socket.destroy();
          else socket.setTimeout(20, () => socket.destroy());
        });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        socket.resume();
      });
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

function residentMiB(pid: number): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/);
  return Number(line?.[1] ?? 0) / 1024;
}

async function visitorToken(): Promise<string> {
  const body = JSON.stringify({ creatorId: 'demo' });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${rapport.url}/v1/visitors`, { method: 'POST', body, headers });
  return ((await response.json()) as { token: string }).token;
}

test('100,000 hostile frames and requests: no crash, no leak, the neighbour undisturbed', {
  timeout: 300_000,
}, async () => {
  const before = { ...rapport.pids };
  const neighbour = createRapport({ url: rapport.url, creatorId: 'demo' });
  const ends = new AbortController();
  let said = 0;
  const talking = (async () => {
    while (!ends.signal.aborted) {
      said += 1;
      await neighbour.say(`Message ${said}: how much sleep do I need?`);
      await sleep(200);
    }
  })();
  const token = await visitorToken();
  const attack = async (share: number, of: number) => {
    const part = <T>(all: readonly T[]) =>
      all.slice((all.length * share) / of, (all.length * (share + 1)) / of);
    await attackFrames(part(hostileTexts(textFrames)), 'rapport.v1.json', token);
    await attackFrames(part(hostileBytes(byteFrames)), 'rapport.v1.proto', token);
    const statuses = await attackHttp(part(hostileRequests(requests)));
    await attackWires(part(hostileWires(wires)));
    return statuses;
  };
  // The first half warms every path up; what the second half adds to it would be a leak.
  await attack(0, 2);
  const warm = residentMiB(rapport.pids.gateway);
  const statuses = await attack(1, 2);
  const after = residentMiB(rapport.pids.gateway);
  ends.abort();
  await talking;

  expect({ ...rapport.pids }).toEqual(before);
  expect(rapport.told.filter((sentence) => sentence.includes('ended'))).toEqual([]);
  expect([...statuses.keys()].filter((status) => status >= 500 && status !== 503)).toEqual([]);
  expect(after - warm).toBeLessThan(64);
  await expect.poll(() => neighbour.state().pending.length, { timeout: 20_000 }).toBe(0);
  const own = neighbour
    .state()
    .messages.filter(({ role }) => role === 'USER')
    .map(({ text }) => text);
  expect(own).toEqual(
    Array.from({ length: said }, (_, at) => `Message ${at + 1}: how much sleep do I need?`),
  );
  expect(neighbour.state().messages.filter(({ code }) => code !== '')).toEqual([]);
  expect((await fetch(`${rapport.url}/readyz`)).status).toBe(200);
  await neighbour.close();
});
