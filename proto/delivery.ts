import type { DownJson } from './gen/rapport/v1/frame_pb.ts';
import type { ConversationKey } from './identity.ts';
import { isKnown } from './unknown.ts';

/**
 * Owner to gateway, on core NATS subject `gateway.<gatewayId>`, never stored: one message per gateway and
 * round of the owner's event loop. `number` counts 1, 2, 3… per owner host and gateway. A message without
 * deliveries is the heartbeat of each second and repeats the newest number.
 */
export interface Deliveries {
  /** The owner host's incarnation. A new incarnation counts from 1 again. */
  readonly hostId: string;
  readonly number: number;
  readonly deliveries: readonly Delivery[];
  /** Frames of stored messages as JSON: one for each `stored` push, in the order of the pushes. */
  readonly messages: readonly string[];
}

export interface Delivery extends ConversationKey {
  /** The owner's generation for this partition. The gateway drops deliveries of an older one. */
  readonly epoch: number;
  readonly pushes: readonly Push[];
}

/** A frame for all sessions of a conversation or for one device's, or the answer to an attach. */
export type Push =
  | {
      /** A message of this device was stored: the device gets its receipt, all sessions the message. */
      readonly to: 'stored';
      readonly deviceId: string;
      readonly clientSeq: number;
      readonly id: string;
      readonly seq: number;
    }
  | { readonly to: 'all'; readonly frame: DownJson }
  | { readonly to: 'device'; readonly deviceId: string; readonly frame: DownJson }
  | { readonly to: 'others'; readonly sessionId: string; readonly frame: DownJson }
  | { readonly to: 'session'; readonly sessionId: string; readonly attached: Attached };

/** Where a push goes, and what it carries there. */
const payloads = {
  all: 'frame',
  device: 'frame',
  others: 'frame',
  session: 'attached',
} as const satisfies Record<Exclude<Push['to'], 'stored'>, string>;
const kinds = {
  stored: true,
  all: true,
  device: true,
  others: true,
  session: true,
} as const satisfies Record<Push['to'], true>;

/** Whether this gateway knows the push and finds in it what it needs. All other pushes are left out. */
export function isPush(given: object): given is Push {
  const { to }: { readonly to?: unknown } = given;
  if (!isKnown(kinds, to)) return false;
  if (to === 'stored') return true;
  const payload: unknown = (given as Readonly<Record<string, unknown>>)[payloads[to]];
  return typeof payload === 'object' && payload !== null;
}

/**
 * The owner's answer to an attach. Everything up to `topSeq` is in the history store; everything after it
 * follows on this lane.
 */
export interface Attached {
  readonly topSeq: number;
  readonly clientSeqStored: number;
  /**
   * The seqs of the device's newest stored says. The last belongs to clientSeqStored, the one before it to
   * clientSeqStored - 1.
   */
  readonly seqs: readonly number[];
  /** Marks of the ids of the newest of them (`id-mark.ts`). Absent from an older owner. */
  readonly marks?: string;
  readonly readSeq: number;
  /** The answer that is being written, if any, and its text so far. */
  readonly turn?: { readonly turnId: string; readonly text: string };
}
