import type { Controls } from '@rapport/proto/control.ts';
import type { Deliveries } from '@rapport/proto/delivery.ts';

/**
 * Lanes carry messages that are never stored, on core NATS: from gateways to the owner of a partition
 * (`control.<p>`), and from owners to a gateway (`gateway.<id>`). Messages may be lost, and are never
 * reordered within one lane.
 */
export interface Lanes {
  toOwner(partition: number, controls: Controls): void;
  /** The returned function ends the subscription. */
  onControls(partition: number, take: (controls: Controls) => void): () => void;
  toGateway(gatewayId: string, deliveries: Deliveries): void;
  /**
   * Sends as `toGateway` does, and resolves with false when the gateway certainly does not exist any more.
   * The heartbeat of each second uses it, so that an owner forgets a gateway that died.
   */
  pulse(gatewayId: string, deliveries: Deliveries): Promise<boolean>;
  onDeliveries(gatewayId: string, take: (deliveries: Deliveries) => void): () => void;
}
