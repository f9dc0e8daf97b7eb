import type { ConversationKey } from './identity.ts';

/**
 * Gateway to owner, on core NATS subject `control.<partition>`, never stored: soft state, announced again
 * whenever it may have been lost. One message carries all that a gateway has for a partition in one turn.
 */
export interface Controls {
  readonly gatewayId: string;
  readonly controls: readonly Control[];
}

export type Control = ConversationKey &
  (
    | {
        /** A session wants the conversation's frames; answered by an `attached` push. */
        readonly kind: 'attach';
        readonly sessionId: string;
        readonly deviceId: string;
        /** How many sessions this gateway now has of the conversation. */
        readonly sockets: number;
      }
    | { readonly kind: 'detach'; readonly sockets: number }
    | { readonly kind: 'typing'; readonly sessionId: string; readonly on: boolean }
    | { readonly kind: 'stop'; readonly turnId: string }
  );
