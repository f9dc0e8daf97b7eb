import type { DownJson } from './gen/rapport/v1/frame_pb.ts';
import type { ConversationKey } from './identity.ts';

/**
 * Owner to gateway, on core NATS subject `gateway.<gatewayId>`, never stored: one message per gateway and
 * turn of the owner's event loop. `number` counts 1, 2, 3… per owner host and gateway; a message without
 * deliveries is the heartbeat of each second and repeats the newest number.
 */
export interface Deliveries {
  /** The owner host's incarnation: a new one starts counting anew. */
  readonly hostId: string;
  readonly number: number;
  readonly deliveries: readonly Delivery[];
  /** The stored messages' frames, each as JSON, one for each `stored` push in the order of these. */
  readonly messages: readonly string[];
}

export interface Delivery extends ConversationKey {
  /** The owner's generation for this partition; older than the newest seen is dropped. */
  readonly epoch: number;
  readonly pushes: readonly Push[];
}

/**
 * One thing for a conversation's sessions: a frame for all or for one device's, or the answer to an attach.
 */
export type Push =
  | {
      /** A say of this device was stored: its receipt for the device, the message for all. */
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

/**
 * The owner's answer to an attach. Everything up to `topSeq` is in the history store; everything after it
 * follows on this lane.
 */
export interface Attached {
  readonly topSeq: number;
  readonly clientSeqStored: number;
  /**
   * The seq of each of the device's newest stored says: clientSeqStored has the last, one before the one
   * before.
   */
  readonly seqs: readonly number[];
  readonly readSeq: number;
  /** The answer that is being written, if any, and its text so far. */
  readonly turn?: { readonly turnId: string; readonly text: string };
}
