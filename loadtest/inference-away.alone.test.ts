import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@rapport/runtime/free-port.ts';
import { startRapport, type TestRapport } from '@rapport/tools/rapport-fixture.ts';
import { createRapport } from '@rapport/widget/sdk/client.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { putQuietCreator } from './bench/quiet-creator.ts';
import { answering, leave, newPerson, newVisitor, settled, shown, talk, whole } from './people-fixture.ts';

let rapport: TestRapport;
let inferencePort: number;

beforeAll(async () => {
  inferencePort = await freePort('127.0.0.1');
  rapport = await startRapport({
    env: { GATEWAY_SAYS_PER_WINDOW_MAX: '1000000', INFERENCE_PORT: String(inferencePort) },
  });
  await putQuietCreator(rapport.natsUrl);
});

afterAll(async () => {
  await rapport.stop();
});

/**
 * Ends inference and takes its port, so that the supervisor cannot start it again. The returned function
 * gives the port back and resolves when inference runs.
 */
async function takeInferenceAway() {
  await rapport.kill('inference', 'SIGKILL');
  const dead = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    dead.once('error', reject);
    dead.listen(inferencePort, '127.0.0.1', resolve);
  });
  return async () => {
    await new Promise((resolve) => dead.close(resolve));
    await rapport.up('inference');
  };
}

/** Milliseconds until `reached`. */
async function timed(reached: () => boolean): Promise<number> {
  const beganMs = performance.now();
  await expect.poll(reached, { timeout: 20_000, interval: 10 }).toBe(true);
  return performance.now() - beganMs;
}

test('while inference is away, messages are stored at once and other creators notice nothing', {
  timeout: 120_000,
}, async () => {
  const bringBack = await takeInferenceAway();
  const other = await newPerson(rapport.url, 'olga', 1);
  const ends = new AbortController();
  const talking = talk([other], ends.signal);
  for (let at = 0; at < 10; at += 1) {
    const client = createRapport({
      url: rapport.url,
      creatorId: 'demo',
      token: await newVisitor(rapport.url, 'demo'),
    });
    await expect.poll(() => client.state().connection.at).toBe('open');
    await client.say('How can I fall asleep faster?');
    expect(await timed(() => shown(client).messages > 0)).toBeLessThan(500);
    expect(await timed(() => client.state().messages.at(-1)?.role === 'SYSTEM')).toBeLessThan(3_000);
    expect(client.state().messages.at(-1)).toMatchObject({ code: 'model_unavailable' });
    expect(await timed(() => shown(other.devices[0]?.client ?? client).pending < 5)).toBeLessThan(500);
    await client.close();
    await sleep(500);
  }
  ends.abort();
  await talking;
  await settled([other]);
  await whole(other);
  await leave([other]);

  await bringBack();
  await answering(rapport.url);
});
