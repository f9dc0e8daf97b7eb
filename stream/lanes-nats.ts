import { errors, type NatsConnection } from '@nats-io/transport-node';
import type { Controls } from '@rapport/proto/control.ts';
import type { Deliveries } from '@rapport/proto/delivery.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Lanes } from './lanes.ts';
import { Link } from './link.ts';

/** A gateway that answers no pulse within this time may be slow; only one that nobody listens for is gone. */
const pulseMs = 800;

/** The lanes on core NATS. While the link is down they drop: what they carry is announced again anyway. */
export function createNatsLanes(nc: NatsConnection, log: Log): Lanes {
  // Publishing while disconnected would pile up in memory without a bound.
  const link = new Link(nc);
  const send = (subject: string, value: Controls | Deliveries) => {
    if (link.up) nc.publish(subject, JSON.stringify(value));
  };
  return {
    toOwner: (partition, controls) => send(`control.${partition}`, controls),
    onControls: (partition, take) => receive<Controls>(nc, `control.${partition}`, log, take),
    toGateway: (gatewayId, deliveries) => send(`gateway.${gatewayId}`, deliveries),
    pulse: (gatewayId, deliveries) => (link.up ? pulse(nc, gatewayId, deliveries) : Promise.resolve(true)),
    onDeliveries: (gatewayId, take) => receive<Deliveries>(nc, `gateway.${gatewayId}`, log, take),
  };
}

async function pulse(nc: NatsConnection, gatewayId: string, deliveries: Deliveries): Promise<boolean> {
  try {
    await nc.request(`gateway.${gatewayId}`, JSON.stringify(deliveries), { timeout: pulseMs });
    return true;
  } catch (failure) {
    const gone =
      failure instanceof errors.NoRespondersError ||
      (failure instanceof errors.RequestError && failure.isNoResponders());
    return !gone;
  }
}

function receive<T>(nc: NatsConnection, subject: string, log: Log, take: (value: T) => void): () => void {
  const subscription = nc.subscribe(subject, {
    callback: (failure, message) => {
      if (failure !== null) {
        log.warn({ subject, reason: failure.message }, 'subscription failed');
        return;
      }
      if (message.reply !== undefined && message.reply !== '') message.respond();
      take(message.json<T>()); // Decoder: only Rapport's own processes publish here.
    },
  });
  return () => subscription.unsubscribe();
}
