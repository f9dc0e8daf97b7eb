/** Length of a mark: 31 bits in base 36. Two ids have the same mark once in 2,147,483,648. */
export const markChars = 6;

/**
 * A short name of a say's id, the same in upper and in lower case: FNV-1a as `fnv1a32`, over letters without
 * their bit for upper case. The id itself would take six times as much of a row. Rows hold marks, so another
 * form of them needs another field: a mark of another form would refuse a repeated say.
 */
export function markOf(id: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ (id.charCodeAt(at) | 0x20), 0x01000193);
  return (hash >>> 1).toString(36).padStart(markChars, '0');
}

/**
 * Whether a device's say has another id than this. `marks` are those of its newest says, and `back` counts
 * from the newest, which is 0. False for a say that is too old to be remembered.
 */
export function isMarkedOtherwise(marks: string, back: number, mark: string): boolean {
  const at = marks.length - markChars * (back + 1);
  return at >= 0 && !marks.startsWith(mark, at);
}
