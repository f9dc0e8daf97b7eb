import { setImmediate } from 'node:timers/promises';
import { type Limits, limits } from '@rapport/proto/limits.ts';
import { expect, test } from 'vitest';
import { TestClock } from '../testing/gateway-fixture.ts';
import { ReadQueue } from './read-queue.ts';

/** A queue whose reads last until `finish`; `order` holds the names of those that began. */
function open(changed: Partial<Limits> = {}) {
  const clock = new TestClock();
  const queue = new ReadQueue({ limits: { ...limits, ...changed }, clock });
  const order: string[] = [];
  const ends: (() => void)[] = [];
  const gone = new Set<string>();
  const read = (name: string) => {
    const [creatorId = '', userId = ''] = name.split('/');
    return queue.run(
      { creatorId, userId },
      () => !gone.has(name),
      () => {
        order.push(name);
        return new Promise<string>((resolve) => ends.push(() => resolve(name)));
      },
    );
  };
  const finish = async () => {
    while (ends.length > 0) {
      for (const end of ends.splice(0)) end();
      await setImmediate();
    }
  };
  return { clock, queue, order, gone, read, finish };
}

const many = (name: string, count: number) => Array.from({ length: count }, () => name);

test('so many reads run at once, and each creator and each person has a turn', async () => {
  const { order, read, finish } = open({ readsWaitingPerPersonMax: 100 });
  const reads = [...many('loud/ann', 60), ...many('loud/bob', 2), 'quiet/eve'].map(read);
  await setImmediate();
  expect(order).toEqual(many('loud/ann', 32));
  await finish();
  expect(order.slice(32, 37)).toEqual(['loud/ann', 'quiet/eve', 'loud/bob', 'loud/ann', 'loud/bob']);
  expect(await Promise.all(reads)).toHaveLength(63);
});

test('the reads of one person that wait are bounded', async () => {
  const { order, read, finish } = open({ readsWaitingPerPersonMax: 3 });
  const others = many('demo/bob', 32).map(read);
  const reads = many('demo/ann', 5).map(read);
  const settled = Promise.allSettled(reads);
  await finish();
  expect((await settled).map(({ status }) => status)).toEqual([
    ...many('fulfilled', 3),
    ...many('rejected', 2),
  ]);
  await expect(reads[4]).rejects.toMatchObject({ code: 'history_unavailable', retry: 'later' });
  expect(order).toHaveLength(35);
  await Promise.allSettled(others);
});

test('in a full queue the creator with the most reads gives way', async () => {
  const { order, read, finish } = open({ readsWaitingMax: 4, readsWaitingPerPersonMax: 100 });
  const loud = Promise.allSettled(many('loud/ann', 37).map(read));
  const quiet = Promise.allSettled(['quiet/eve', 'quiet/eve'].map(read));
  await finish();
  const statuses = (settled: readonly { readonly status: string }[]) => settled.map(({ status }) => status);
  expect(statuses(await quiet)).toEqual(many('fulfilled', 2));
  expect(statuses(await loud)).toEqual([...many('fulfilled', 34), ...many('rejected', 3)]);
  expect(order).toHaveLength(36);
});

test('nothing is read for a client that has gone', async () => {
  const { order, gone, read, finish } = open();
  const others = many('demo/ann', 32).map(read);
  const late = read('demo/bob');
  gone.add('demo/bob');
  await finish();
  expect(await late).toBeUndefined();
  expect(order).not.toContain('demo/bob');
  await Promise.all(others);
});

test('a read that fails frees its place', async () => {
  const { queue, read, finish } = open();
  const key = { creatorId: 'demo', userId: 'ann' };
  const failing = Array.from({ length: 40 }, (_, at) =>
    queue.run(
      { ...key, userId: `u${at}` },
      () => true,
      () => Promise.reject(new Error('away')),
    ),
  );
  expect((await Promise.allSettled(failing)).every(({ status }) => status === 'rejected')).toBe(true);
  const good = read('demo/ann');
  await finish();
  expect(await good).toBe('demo/ann');
});

test('reads that hold the event loop give it back between them', async () => {
  const { clock, queue } = open();
  let read = 0;
  const blocking = () => {
    read += 1;
    clock.pass(4);
    return Promise.resolve();
  };
  const reads = Array.from({ length: 9 }, (_, at) =>
    queue.run({ creatorId: 'demo', userId: `u${at}` }, () => true, blocking),
  );
  expect(read).toBe(3);
  await setImmediate();
  expect(read).toBeLessThanOrEqual(6);
  await Promise.all(reads);
  expect(read).toBe(9);
});
