import { errors, type NatsConnection } from '@nats-io/transport-node';
import type { Controls } from '@rapport/proto/control.ts';
import type { Deliveries } from '@rapport/proto/delivery.ts';
import type { Log } from '@rapport/runtime/log.ts';
import type { Lanes } from './lanes.ts';

/** A gateway that answers no pulse within this time may be slow; only one that nobody listens for is gone. */
const pulseMs = 800;

/** The lanes on core NATS. While the link is down they drop: what they carry is announced again anyway. */
export function createNatsLanes(nc: NatsConnection, log: Log): Lanes {
  const link = watchLink(nc);
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

/** Publishing while disconnected would pile up in memory without a bound. */
function watchLink(nc: NatsConnection): { readonly up: boolean } {
  const link = { up: true };
  void (async () => {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') link.up = false;
      else if (status.type === 'reconnect') link.up = true;
    }
  })(); // Ends with the connection.
  return link;
}
