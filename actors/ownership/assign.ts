import { fnv1a32 } from '@rapport/proto/hash.ts';

/**
 * The member that should own each partition. Every host computes the same from the same facts. No member
 * gets more than ceil(partitions / members) partitions or fewer than floor. A partition moves only when its
 * owner is gone or has too many. Rendezvous hashing decides where a partition moves: Thaler & Ravishankar,
 * "Using name-based mappings to increase hit rates", 1998.
 */
export function assign(options: {
  readonly partitions: number;
  /** Names of the members that live; at least one. */
  readonly members: readonly string[];
  /** The owner of each partition now. An owner that is not a member counts as none. */
  readonly current: readonly (string | undefined)[];
}): readonly string[] {
  const members = [...new Set(options.members)].sort();
  if (members.length === 0) throw new Error('Cannot assign partitions: there is no member');
  const partitions = Array.from({ length: options.partitions }, (_, partition) => partition);
  const fewest = Math.floor(partitions.length / members.length);
  let oneMore = partitions.length % members.length;
  const targets: (string | undefined)[] = partitions.map(() => undefined);
  const count = new Map<string, number>();
  for (const { member, owned } of keepersFirst(members, partitions, options.current)) {
    const keepsOneMore = owned.length > fewest && oneMore > 0;
    if (keepsOneMore) oneMore -= 1;
    const kept = owned.slice(0, fewest + (keepsOneMore ? 1 : 0));
    for (const partition of kept) targets[partition] = member;
    count.set(member, kept.length);
  }
  return partitions.map((partition) => {
    const kept = targets[partition];
    if (kept !== undefined) return kept;
    const has = (member: string) => count.get(member) ?? 0;
    const room = members.filter((member) => has(member) < fewest || (has(member) === fewest && oneMore > 0));
    const member = heaviest(room, partition);
    if (has(member) === fewest) oneMore -= 1;
    count.set(member, has(member) + 1);
    return member;
  });
}

/** Members with their partitions, the highest rank first. The member with the most partitions comes first. */
function keepersFirst(
  members: readonly string[],
  partitions: readonly number[],
  current: readonly (string | undefined)[],
): readonly { readonly member: string; readonly owned: readonly number[] }[] {
  return members
    .map((member) => ({
      member,
      owned: partitions
        .filter((partition) => current[partition] === member)
        .sort((a, b) => weight(member, b) - weight(member, a) || a - b),
    }))
    .sort((a, b) => b.owned.length - a.owned.length);
}

function heaviest(members: readonly string[], partition: number): string {
  const [first] = [...members].sort((a, b) => weight(b, partition) - weight(a, partition));
  if (first === undefined) throw new Error(`Cannot assign partition ${partition}: nobody has room`);
  return first;
}

/** FNV-1a over the name, then the finalizer of MurmurHash3: it spreads partitions that differ by one bit. */
function weight(member: string, partition: number): number {
  let hash = fnv1a32(member) ^ Math.imul(partition + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
