import type { ConversationKey } from '@rapport/proto/identity.ts';

/** FNV-1a, 32 bits: http://www.isthe.com/chongo/tech/comp/fnv/. Over UTF-16 units, which are ASCII in ids. */
function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/** The partition of a conversation: the same in every process, for the life of the log. */
export function partitionOf(key: ConversationKey, partitions: number): number {
  return fnv1a32(`${key.creatorId}/${key.userId}`) % partitions;
}
