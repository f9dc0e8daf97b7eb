import type { Controls } from '@rapport/proto/control.ts';
import type { Deliveries } from '@rapport/proto/delivery.ts';

/**
 * The lanes of what is never stored, on core NATS: from gateways to the owner of a partition (`control.<p>`),
 * and from owners to a gateway (`gateway.<id>`). Messages may be lost, never reordered within one lane.
 */
export interface Lanes {
  toOwner(partition: number, controls: Controls): void;
  /** Returns what ends the subscription. */
  onControls(partition: number, take: (controls: Controls) => void): () => void;
  toGateway(gatewayId: string, deliveries: Deliveries): void;
  /**
   * The same, and tells whether that gateway is there at all: false only when it certainly is not. For the
   * heartbeat of each second, so that an owner forgets a gateway that died.
   */
  pulse(gatewayId: string, deliveries: Deliveries): Promise<boolean>;
  onDeliveries(gatewayId: string, take: (deliveries: Deliveries) => void): () => void;
}
