import { expect, test } from 'vitest';
import { newConversation } from '../conversation/state.ts';
import { type Actor, bytesOf, Residents } from './residents.ts';

const actor = (name: string): Actor => ({
  name,
  creatorId: 'demo',
  userId: name,
  state: newConversation,
  inSeq: 0,
});
const limits = { actorsMax: 100, bytesMax: 1_000_000, idleMs: 60_000 };

function residents(given: Partial<typeof limits>, names: readonly string[]) {
  const all = new Residents({ ...limits, ...given });
  for (const name of names) all.add(actor(name), 100);
  return all;
}

/** Who is in memory; asking makes the last of `names` the one used last. */
const present = (all: Residents, names: readonly string[]) =>
  names.filter((name) => all.get(name) !== undefined);

test('beyond the count the least recently used leaves, whether it was used by an event or by loading', () => {
  const all = residents({ actorsMax: 3 }, ['ann', 'bob', 'eve']);
  all.get('ann');
  all.add(actor('joe'), 0);
  expect(present(all, ['ann', 'bob', 'eve', 'joe'])).toEqual(['ann', 'eve', 'joe']);
  expect(all.size).toBe(3);
});

test('beyond the byte budget as many leave as have to', () => {
  const all = residents({ bytesMax: 4 * bytesOf(100) }, ['ann', 'bob', 'eve', 'joe']);
  expect(all.size).toBe(4);
  all.add(actor('zoe'), 1_000);
  expect(present(all, ['ann', 'bob', 'eve', 'joe', 'zoe'])).toEqual(['zoe']);
  expect(all.bytes).toBe(bytesOf(1_000));
});

test('a state that grew counts with what it has become', () => {
  const all = residents({ bytesMax: 3 * bytesOf(100) }, ['ann', 'bob', 'eve']);
  all.resize('eve', 200);
  expect(present(all, ['ann', 'bob', 'eve'])).toEqual(['bob', 'eve']);
  expect(all.bytes).toBe(bytesOf(100) + bytesOf(200));
});

test('the commit of one that has left meanwhile counts nothing', () => {
  const all = residents({ actorsMax: 1 }, ['ann', 'bob']);
  all.resize('ann', 5_000);
  expect(all.bytes).toBe(bytesOf(100));
});

test('who was idle for too long leaves, and who was asked for meanwhile stays', () => {
  const all = residents({ idleMs: 10_000 }, ['ann', 'bob']);
  all.tick(5_000);
  all.get('ann');
  all.tick(9_999);
  expect(all.size).toBe(2);
  all.tick(10_000);
  expect(present(all, ['ann', 'bob'])).toEqual(['ann']);
  expect(all.bytes).toBe(bytesOf(100));
});

test('a host that loses a partition forgets its actors, and the others keep their order', () => {
  const all = residents({ actorsMax: 4 }, ['ann', 'bob', 'eve', 'joe']);
  all.forget(({ userId }) => userId === 'bob' || userId === 'joe');
  expect(all.bytes).toBe(2 * bytesOf(100));
  for (const name of ['zoe', 'max', 'tom']) all.add(actor(name), 100);
  expect(present(all, ['ann', 'eve', 'zoe', 'max', 'tom'])).toEqual(['eve', 'zoe', 'max', 'tom']);
});

test('one that is loaded again counts once', () => {
  const all = residents({}, ['ann', 'ann']);
  expect(all.size).toBe(1);
  expect(all.bytes).toBe(bytesOf(100));
});
