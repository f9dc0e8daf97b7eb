import type { Room, Session } from '../sockets/session.ts';

/**
 * Limits of one person or one address that gateways count together. A message never waits for them: the
 * gateway decides by its own view of the person (`Room.allowance`), and the twin that counts with other
 * gateways lowers that view later. Twins: `limits-memory.ts`, `limits-redis.ts`.
 */
export interface PersonLimits {
  /** Whether the limits count with other gateways now. */
  readonly together: boolean;
  /** Begins. `replace` closes a socket of a person who opened a newer one at another gateway. */
  start(replace: (session: Session) => void): void;
  /** A session came into its room. */
  joined(room: Room, session: Session): void;
  /** A session left its room. */
  left(room: Room, session: Session): void;
  /** A say of the person was admitted. The room's allowance has paid for it already. */
  said(room: Room): void;
  /** A say did not come into the log. The room's allowance has it back already. */
  unsaid(room: Room): void;
  /** 0 when the address may have another visitor token, else the milliseconds until it may. */
  visitor(address: string): Promise<number>;
  /** Does what is due. The gateway calls it 20 times a second. */
  tick(nowMs: number): void;
  close(): void;
}
