import type { Room, Session } from '../sockets/session.ts';

/**
 * What one person or one address may do, beyond what a single socket knows. Nothing on a message's way waits
 * for it: the gateway decides by its own view of the person (`Conversation.allowance`), and a twin that
 * counts with other gateways lowers that view behind it. Twins: `limits-memory.ts`, `limits-redis.ts`.
 */
export interface PersonLimits {
  /** Whether other gateways are counted with, now. */
  readonly together: boolean;
  /** Begins; `replace` closes a socket for which its person has opened a newer one elsewhere. */
  start(replace: (session: Session) => void): void;
  /** A session came into its conversation. */
  joined(room: Room, session: Session): void;
  /** A session left its conversation. */
  left(room: Room, session: Session): void;
  /** One say of the person was admitted; its own allowance has paid for it already. */
  said(room: Room): void;
  /** That say did not come into the log; its own allowance has it back already. */
  unsaid(room: Room): void;
  /** 0 when the address may have another visitor token, else the milliseconds until it may. */
  visitor(address: string): Promise<number>;
  /** What is due; the gateway calls it many times a second. */
  tick(nowMs: number): void;
  close(): void;
}
