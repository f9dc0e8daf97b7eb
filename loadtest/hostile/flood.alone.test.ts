import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { limits } from '@rapport/proto/limits.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import type { Rapport } from '@rapport/widget/sdk/rapport.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FloodOrder, FloodReport } from './flooder.ts';

/** Every limit is as by default: a flood may delay somebody else by no more than this. */
const storedWithinMs = 250;
const says = 16;
/** Below the limit of says of one person. */
const betweenSaysMs = 300;

let rapport: TestRapport;
beforeAll(async () => {
  rapport = await startRapport({
    env: {
      GATEWAY_ADDRESS_BYTES_PER_SECOND_MAX: String(limits.addressBytesPerSecondMax),
      GATEWAY_SOCKETS_WITHOUT_HELLO_PER_ADDRESS_MAX: String(limits.socketsWithoutHelloPerAddressMax),
    },
  });
});
afterAll(async () => {
  await rapport.stop();
});

async function visitorToken(): Promise<string> {
  const body = JSON.stringify({ creatorId: 'demo' });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${rapport.url}/v1/visitors`, { method: 'POST', body, headers });
  return ((await response.json()) as { token: string }).token;
}

/** A token of somebody whose every page is as long as a page can be. */
async function tokenWithLongHistory(): Promise<string> {
  const token = await visitorToken();
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const deviceId = crypto.randomUUID();
  for (let clientSeq = 1; clientSeq <= 10; clientSeq += 1) {
    const body = JSON.stringify({ deviceId, clientSeq, id: crypto.randomUUID(), text: 'x'.repeat(8_000) });
    await fetch(`${rapport.url}/v1/messages`, { method: 'POST', body, headers });
  }
  return token;
}

/** Resolves once the flood has begun; `stop` gives what it did. */
async function startFlood(order: Omit<FloodOrder, 'port'>) {
  const port = Number(new URL(rapport.url).port);
  const child = fork(join(import.meta.dirname, 'flooder.ts'), [JSON.stringify({ port, ...order })]);
  let report: FloodReport = { sentBytes: 0, ended: 0 };
  child.on('message', (told: FloodReport) => {
    report = told;
  });
  await once(child, 'message');
  return {
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
      return report;
    },
  };
}

/** How long each of some says took until it was stored. */
async function talk(client: Rapport): Promise<number[]> {
  const storedAfterMs: number[] = [];
  for (let at = 0; at < says; at += 1) {
    const beganMs = performance.now();
    expect((await client.say(`Message ${at + 1}`)).ok).toBe(true);
    while (client.state().pending.length > 0) await sleep(1);
    storedAfterMs.push(performance.now() - beganMs);
    await sleep(betweenSaysMs);
  }
  return storedAfterMs;
}

test.each([
  ['one socket sends nested frames', { frames: 'nested', sockets: 1, as: visitorToken }],
  ['one socket sends frames of unknown fields', { frames: 'unknown', sockets: 1, as: visitorToken }],
  ['200 sockets send such frames without hello', { frames: 'nested', sockets: 200, as: async () => '' }],
  ['one socket pages without pause', { frames: 'pages', sockets: 1, as: tokenWithLongHistory }],
] as const)('a say is stored within 250 ms while %s', { timeout: 60_000 }, async (_, flood) => {
  const { frames, sockets, as } = flood;
  const neighbour = createRapport({ url: rapport.url, creatorId: 'demo' });
  await expect.poll(() => neighbour.state().connection.at).toBe('open');
  const flooding = await startFlood({ frames, sockets, token: await as() });
  const storedAfterMs = await talk(neighbour);
  const { ended } = await flooding.stop();
  await neighbour.close();
  expect(ended).toBeGreaterThan(0);
  expect(Math.max(...storedAfterMs)).toBeLessThan(storedWithinMs);
});
