import { errors, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { decodeControls } from '@rapport/proto/control.ts';
import type { Deliveries } from '@rapport/proto/delivery.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { decodeDeliveries, encodeDeliveries } from './deliveries-text.ts';
import type { Lanes } from './lanes.ts';
import { Link } from './link.ts';

/**
 * A gateway that answers no pulse within this time may be slow. It is gone only when nobody listens for it.
 */
const pulseMs = 800;

/** The lanes on core NATS. While the link is down they drop what they carry: it is announced again anyway. */
export function createNatsLanes(nc: NatsConnection, log: Log): Lanes {
  // While disconnected, published messages would pile up in memory without a bound.
  const link = new Link(nc);
  const send = (subject: string, payload: () => string) => {
    if (link.up) nc.publish(subject, payload());
  };
  return {
    toOwner: (partition, controls) => send(`control.${partition}`, () => JSON.stringify(controls)),
    onControls: (partition, take) =>
      receive(nc, { subject: `control.${partition}`, log, decode: decodeControls }, take),
    toGateway: (gatewayId, deliveries) => send(`gateway.${gatewayId}`, () => encodeDeliveries(deliveries)),
    pulse: (gatewayId, deliveries) => (link.up ? pulse(nc, gatewayId, deliveries) : Promise.resolve(true)),
    onDeliveries: (gatewayId, take) =>
      receive(nc, { subject: `gateway.${gatewayId}`, log, decode: decodeDeliveries }, take),
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

/** Hands on what `decode` reads. A message that cannot be read is passed over, as if it had been lost. */
function receive<T>(
  nc: NatsConnection,
  options: { readonly subject: string; readonly log: Log; readonly decode: (text: string) => T },
  take: (received: T) => void,
): () => void {
  const { subject, log, decode } = options;
  const read = (message: Msg): T | undefined => {
    try {
      return decode(message.string());
    } catch (failure) {
      log.error({ subject, reason: reasonOf(failure) }, 'passed over a message that cannot be read');
      return undefined;
    }
  };
  const subscription = nc.subscribe(subject, {
    callback: (failure, message) => {
      if (failure !== null) {
        log.warn({ subject, reason: failure.message }, 'subscription failed');
        return;
      }
      if (message.reply !== undefined && message.reply !== '') message.respond();
      const received = read(message);
      if (received !== undefined) take(received);
    },
  });
  return () => subscription.unsubscribe();
}
