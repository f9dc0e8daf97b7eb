import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import type { Rapport } from '@rapport/widget/sdk/rapport.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attackFrames, attackHttp, attackWires, lingers } from './hostile-attack.ts';
import { hostileBytes, hostileRequests, hostileTexts, hostileWires } from './hostile-fixture.ts';

const textFrames = 50_000;
const byteFrames = 20_000;
const requests = 20_000;
const wires = 10_000;
/** What the second half of an attack may add to a process that the first half has warmed up. */
const growthMiBMax = 48;
/** Both cores are busy with the attack. */
const neighbourStoredWithinMs = 2_000;

let rapport: TestRapport;

/** Made before anything is measured: it takes seconds, in which this process hears nothing. */
const arms = {
  texts: hostileTexts(textFrames),
  bytes: hostileBytes(byteFrames),
  requests: hostileRequests(requests),
  wires: hostileWires(wires),
};

beforeAll(async () => {
  // The limits that cut an attacker off have their own tests; here the attack has to go on.
  const many = '1000000';
  rapport = await startRapport({
    env: {
      GATEWAY_FAULTS_MAX: many,
      GATEWAY_SAYS_PER_WINDOW_MAX: many,
      GATEWAY_PAGES_PER_WINDOW_MAX: many,
      GATEWAY_SOCKET_BYTES_MAX: '1000000000',
      GATEWAY_PERSON_BYTES_MAX: '1000000000',
      GATEWAY_VISITOR_TOKENS_PER_MINUTE_MAX: many,
    },
  });
});

afterAll(async () => {
  await rapport.stop();
});

function residentMiB(pid: number): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+) kB/);
  return Number(line?.[1] ?? 0) / 1024;
}

function memory() {
  const { gateway, actors, inference } = rapport.pids;
  return { gateway: residentMiB(gateway), actors: residentMiB(actors), inference: residentMiB(inference) };
}

function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(rapport.metricsUrl)).text();
  return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1]);
}

async function visitorToken(): Promise<string> {
  const body = JSON.stringify({ creatorId: 'demo' });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${rapport.url}/v1/visitors`, { method: 'POST', body, headers });
  return ((await response.json()) as { token: string }).token;
}

/** The `share`-th part of the whole attack; resolves with a sentence for each answer that was wrong. */
async function attack(share: number, of: number, token: string): Promise<string[]> {
  const part = <T>(all: readonly T[]) =>
    all.slice((all.length * share) / of, (all.length * (share + 1)) / of);
  const { url, wsUrl } = rapport;
  await attackFrames({ wsUrl, protocol: 'rapport.v1.json', token }, part(arms.texts));
  await attackFrames({ wsUrl, protocol: 'rapport.v1.proto', token }, part(arms.bytes));
  const answers = await attackHttp(url, part(arms.requests));
  return [...answers, ...(await attackWires(url, part(arms.wires)))];
}

/** Says a numbered message five times a second until the signal aborts; resolves with how long each took. */
async function talk(client: Rapport, signal: AbortSignal): Promise<number[]> {
  const storedAfterMs: number[] = [];
  while (!signal.aborted) {
    const beganMs = performance.now();
    const kept = await client.say(`Message ${storedAfterMs.length + 1}: how much sleep do I need?`);
    expect(kept.ok).toBe(true);
    while (client.state().pending.length > 0) await sleep(5);
    storedAfterMs.push(performance.now() - beganMs);
    await sleep(200);
  }
  return storedAfterMs;
}

test('100,000 hostile frames and requests: no crash, no leak, the neighbour undisturbed', {
  timeout: 180_000,
}, async () => {
  const before = { ...rapport.pids };
  const neighbour = createRapport({ url: rapport.url, creatorId: 'demo' });
  const ends = new AbortController();
  const talking = talk(neighbour, ends.signal);
  const token = await visitorToken();
  const filesBefore = openFiles(before.gateway);

  const wrong = await attack(0, 2, token);
  const warm = memory();
  wrong.push(...(await attack(1, 2, token)));
  const after = memory();
  ends.abort();
  const storedAfterMs = await talking;

  expect(wrong).toEqual([]);
  expect(rapport.pids).toEqual(before);
  expect(rapport.told.filter((sentence) => sentence.includes('ended'))).toEqual([]);
  // Only frames that are far too large, or come behind one that ended its socket, are not read.
  expect(await metric('rapport_gateway_frames_in_total')).toBeGreaterThan(0.98 * (textFrames + byteFrames));
  for (const name of ['gateway', 'actors', 'inference'] as const) {
    expect(after[name] - warm[name], `growth of ${name}`).toBeLessThan(growthMiBMax);
  }
  // Half-open connections are cut after ten seconds.
  await expect.poll(() => openFiles(before.gateway), { timeout: 15_000 }).toBeLessThan(filesBefore + 5);
  await expect.poll(() => metric('rapport_gateway_sessions')).toBe(1);
  expect(await metric('rapport_gateway_conversations')).toBe(1);

  expect(Math.max(...storedAfterMs)).toBeLessThan(neighbourStoredWithinMs);
  const { messages } = neighbour.state();
  expect(messages.filter(({ role }) => role === 'USER').map(({ text }) => text)).toEqual(
    storedAfterMs.map((_, at) => `Message ${at + 1}: how much sleep do I need?`),
  );
  expect(messages.filter(({ code }) => code !== '')).toEqual([]);
  await expect.poll(() => neighbour.state().messages.at(-1)?.role, { timeout: 10_000 }).toBe('COACH');
  expect((await fetch(`${rapport.url}/readyz`)).status).toBe(200);
  await neighbour.close();
});

test.concurrent.each([
  ['half a head', 'POST /v1/visitors HTTP/1.1\r\nhost:', ''],
  ['a head that drips', 'POST /v1/visitors HTTP/1.1\r\nx: ', 'y'.repeat(100)],
  ['no body', 'POST /v1/visitors HTTP/1.1\r\nhost: x\r\ncontent-length: 90\r\n\r\n', ''],
  [
    'a body that drips',
    'POST /v1/visitors HTTP/1.1\r\nhost: x\r\ncontent-length: 90\r\n\r\n',
    '{'.repeat(80),
  ],
  ['nothing', '', ''],
])('a connection that sends %s is cut off within 20 s', { timeout: 40_000 }, async (_, bytes, drip) => {
  const cut = await Promise.race([lingers(rapport.url, bytes, drip), sleep(30_000)]);
  expect(cut).toBeLessThan(20_000);
});
