import { errors, type NatsConnection } from '@nats-io/transport-node';
import type { Controls } from '@rapport/proto/control.ts';
import type { Deliveries } from '@rapport/proto/delivery.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { decodeDeliveries, encodeDeliveries } from './deliveries-text.ts';
import type { Lanes } from './lanes.ts';
import { Link } from './link.ts';

/** A gateway that answers no pulse within this time may be slow; only one that nobody listens for is gone. */
const pulseMs = 800;

/** The lanes on core NATS. While the link is down they drop: what they carry is announced again anyway. */
export function createNatsLanes(nc: NatsConnection, log: Log): Lanes {
  // Publishing while disconnected would pile up in memory without a bound.
  const link = new Link(nc);
  const send = (subject: string, payload: () => string) => {
    if (link.up) nc.publish(subject, payload());
  };
  return {
    toOwner: (partition, controls) => send(`control.${partition}`, () => JSON.stringify(controls)),
    onControls: (partition, take) =>
      receive(nc, `control.${partition}`, log, (text) => take(JSON.parse(text) as Controls)),
    toGateway: (gatewayId, deliveries) => send(`gateway.${gatewayId}`, () => encodeDeliveries(deliveries)),
    pulse: (gatewayId, deliveries) => (link.up ? pulse(nc, gatewayId, deliveries) : Promise.resolve(true)),
    onDeliveries: (gatewayId, take) =>
      receive(nc, `gateway.${gatewayId}`, log, (text) => take(decodeDeliveries(text))),
  };
}

async function pulse(nc: NatsConnection, gatewayId: string, deliveries: Deliveries): Promise<boolean> {
  try {
    await nc.request(`gateway.${gatewayId}`, encodeDeliveries(deliveries), { timeout: pulseMs });
    return true;
  } catch (failure) {
    const gone =
      failure instanceof errors.NoRespondersError ||
      (failure instanceof errors.RequestError && failure.isNoResponders());
    return !gone;
  }
}

function receive(nc: NatsConnection, subject: string, log: Log, take: (text: string) => void): () => void {
  const subscription = nc.subscribe(subject, {
    callback: (failure, message) => {
      if (failure !== null) {
        log.warn({ subject, reason: failure.message }, 'subscription failed');
        return;
      }
      if (message.reply !== undefined && message.reply !== '') message.respond();
      take(message.string());
    },
  });
  return () => subscription.unsubscribe();
}
