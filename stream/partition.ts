import { fnv1a32 } from '@rapport/proto/hash.ts';
import type { ConversationKey } from '@rapport/proto/identity.ts';

/** The partition of a conversation: the same in every process, for the life of the log. */
export function partitionOf(key: ConversationKey, partitions: number): number {
  return fnv1a32(`${key.creatorId}/${key.userId}`) % partitions;
}
