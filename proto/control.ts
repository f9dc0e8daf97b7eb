import type { ConversationKey } from './identity.ts';
import { isKnown } from './unknown.ts';

/**
 * Gateway to owner, on core NATS subject `control.<partition>`, never stored: soft state that gateways
 * announce again whenever it may have been lost. One message carries all that a gateway has for a partition
 * in one turn of its event loop.
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

const kinds = { attach: true, detach: true, typing: true, stop: true } as const satisfies Record<
  Control['kind'],
  true
>;

/** Controls of kinds that are not known here are left out. Throws when the text is none of ours. */
export function decodeControls(text: string): Controls {
  const { gatewayId, controls } = JSON.parse(text) as Controls;
  return { gatewayId, controls: controls.filter(({ kind }) => isKnown(kinds, kind)) };
}
