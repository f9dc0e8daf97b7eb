import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assign } from './assign.ts';

const hosts = fc.uniqueArray(fc.stringMatching(/^actors-[0-9a-f]{8}$/), { minLength: 1, maxLength: 12 });
const facts = fc.record({
  partitions: fc.integer({ min: 1, max: 64 }),
  members: hosts,
  owners: fc.array(fc.nat(20), { maxLength: 64 }),
});

/** Owners drawn from the members, from those who are gone, and from nobody. */
function currentOf(members: readonly string[], owners: readonly number[]): readonly (string | undefined)[] {
  const names = [...members, 'gone-1', 'gone-2', '', undefined];
  return owners.map((at) => names[at % names.length]);
}

function counts(targets: readonly string[], members: readonly string[]): readonly number[] {
  return members.map((member) => targets.filter((target) => target === member).length);
}

test('assign() gives every partition to a member, and nobody more than one more than another', () => {
  fc.assert(
    fc.property(facts, ({ partitions, members, owners }) => {
      const targets = assign({ partitions, members, current: currentOf(members, owners) });
      const count = counts(targets, members);
      expect(targets).toHaveLength(partitions);
      expect(count.reduce((sum, one) => sum + one, 0)).toBe(partitions);
      expect(Math.max(...count) - Math.min(...count)).toBeLessThanOrEqual(1);
    }),
  );
});

test('assign() gives the same whatever the order of the members, and is content with what it gave', () => {
  fc.assert(
    fc.property(facts, ({ partitions, members, owners }) => {
      const current = currentOf(members, owners);
      const targets = assign({ partitions, members, current });
      expect(assign({ partitions, members: [...members].reverse(), current })).toEqual(targets);
      expect(assign({ partitions, members, current: targets })).toEqual(targets);
    }),
  );
});

test('assign() moves only what must move when a member comes, and only what the one had that goes', () => {
  fc.assert(
    fc.property(hosts, fc.integer({ min: 1, max: 64 }), (members, partitions) => {
      const before = assign({ partitions, members, current: [] });
      const joined = assign({ partitions, members: [...members, 'newcomer'], current: before });
      const moved = before.filter((owner, partition) => joined[partition] !== owner);
      expect(moved.length).toBe(joined.filter((owner) => owner === 'newcomer').length);
      const left = assign({ partitions, members, current: joined });
      const movedBack = joined.filter((owner, partition) => left[partition] !== owner);
      expect(movedBack.every((owner) => owner === 'newcomer')).toBe(true);
    }),
  );
});
