/**
 * The owner of a conversation: a person (`userId`) of a creator (`creatorId`), whatever channel or device.
 */
export interface ConversationKey {
  readonly creatorId: string;
  readonly userId: string;
}

/** The form of creatorId and userId. */
export const idPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** The form of deviceId and of a say's id: a UUID in lower or upper case. */
export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const roles = ['visitor', 'member', 'viewer', 'editor', 'admin'] as const;
export type TokenRole = (typeof roles)[number];

/**
 * `talk`: say, read, stop, type and page in the conversation of the token's own userId. `watch`: see the
 * conversations of a creator. `operate`: take part in them for the creator. Nothing asks for `watch` and
 * `operate` yet.
 */
export type Permission = 'talk' | 'watch' | 'operate';

/** The rights of each role. A person of the studio does not talk as one of the creator's people. */
const permissions: Readonly<Record<TokenRole, readonly Permission[]>> = {
  visitor: ['talk'],
  member: ['talk'],
  viewer: ['watch'],
  editor: ['watch', 'operate'],
  admin: ['watch', 'operate'],
};

export function may(role: TokenRole, permission: Permission): boolean {
  return permissions[role].includes(permission);
}

/** One string per conversation, for maps. Neither id can hold a slash. */
export function conversationName(key: ConversationKey): string {
  return `${key.creatorId}/${key.userId}`;
}
