import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../testing/process-fixture.ts';
import { startTestRedis, type TestRedis } from '../testing/redis-fixture.ts';
import { RedisLink } from './redis-link.ts';

let redis: TestRedis;
let link: RedisLink;
let told: string[];

beforeEach(async () => {
  redis = await startTestRedis();
  told = [];
  const log = {
    warn: ({ reason }: { readonly reason: string }, sentence: string) => told.push(`${sentence} (${reason})`),
    info: (sentence: string) => told.push(sentence),
  };
  link = new RedisLink({ url: redis.url, log });
  await until(() => link.client.status === 'ready');
  await ask();
});
afterEach(async () => {
  link.close();
  await redis.stop();
});

/** As those that use it do: every outcome is told to the link. */
async function ask(): Promise<boolean> {
  try {
    await link.run('return 1', { keys: [], values: [] });
    link.back();
    return true;
  } catch (failure) {
    link.lost(failure);
    return false;
  }
}

async function askUntilThere(): Promise<void> {
  while (!(await ask())) await pause(50);
}

test('a Redis that was killed is told of once, with the reason, and once when it is back', async () => {
  await redis.kill();
  await until(() => link.client.status === 'reconnecting');
  await pause(300); // It has tried to connect by now.
  expect([await ask(), await ask(), link.there]).toEqual([false, false, false]);
  await redis.restart();
  await askUntilThere();
  expect(told).toEqual([
    'Redis answers: limits count with all gateways',
    expect.stringContaining(
      'Redis does not answer: limits count in this gateway alone (connect ECONNREFUSED',
    ),
    'Redis answers again: limits count with all gateways',
  ]);
});

test('a Redis that hangs fails a command, piles up nothing, and is used again when it goes on', async () => {
  redis.pause();
  for (let asked = 0; asked < 16; asked += 1) expect(await ask()).toBe(false);
  await pause(500);
  expect(link.client.status).not.toBe('ready');
  redis.resume();
  await askUntilThere();
  expect(told).toHaveLength(3);
});
