/**
 * Who a conversation belongs to: a person (`userId`) of a creator (`creatorId`), whatever channel or device.
 */
export interface ConversationKey {
  readonly creatorId: string;
  readonly userId: string;
}

/** The form of creatorId and userId. */
export const idPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** The form of deviceId and of a say's id: a UUID in lower or upper case. */
export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * What the roles of a token may do: visitors and members talk; viewers watch; editors and admins configure.
 */
export const roles = ['visitor', 'member', 'viewer', 'editor', 'admin'] as const;
export type TokenRole = (typeof roles)[number];

/** One string per conversation, for maps. Neither id can hold a slash. */
export function conversationName(key: ConversationKey): string {
  return `${key.creatorId}/${key.userId}`;
}
