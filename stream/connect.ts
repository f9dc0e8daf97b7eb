import { connect, type NatsConnection } from '@nats-io/transport-node';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';
import { natsAddress } from './nats-address.ts';

const connectWithinMs = 5_000;

/**
 * A connection that never gives up: it reconnects for as long as the process lives and logs what it goes
 * through. `url` is as NATS_URL has it, with credentials. Throws when the first connection fails. When NATS
 * does not take the password any more, the process ends: only a new start reads a new NATS_URL.
 */
export async function connectNats(options: {
  readonly url: string;
  readonly name: string;
  readonly log: Log;
}): Promise<NatsConnection> {
  const { url, name, log } = options;
  const { servers, login } = natsAddress(url);
  try {
    const nc = await connect({
      ...login,
      servers: [...servers],
      name,
      // The client does not notice a server that goes away while they greet each other; by default it waits
      // 20 s for it.
      timeout: connectWithinMs,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      reconnectJitter: 100,
      // A dead link without a FIN is noticed in at most 6 s.
      pingInterval: 3_000,
      maxPingOut: 2,
      // A stack for each request, should it fail, costs a busy gateway 4 % of its time.
      noAsyncTraces: true,
    });
    void logStatus(nc, log.child({ nats: name })); // Ends with the connection.
    void endWithoutLogin(nc); // Rejects on purpose.
    return nc;
  } catch (failure) {
    throw new Error(`Cannot reach NATS at ${servers.join(',')}`, { cause: failure });
  }
}

async function endWithoutLogin(nc: NatsConnection): Promise<void> {
  const failure = await nc.closed();
  if (failure !== undefined) throw new Error('Cannot go on with NATS', { cause: failure });
}

async function logStatus(nc: NatsConnection, log: Log): Promise<void> {
  try {
    for await (const status of nc.status()) {
      if (status.type === 'disconnect') log.warn('disconnected');
      else if (status.type === 'reconnect') log.info('reconnected');
      else if (status.type === 'error') log.warn({ reason: reasonOf(status.error) }, 'error');
      else if (status.type === 'slowConsumer') log.warn('this process does not keep up with a subscription');
    }
  } catch (failure) {
    log.warn({ reason: reasonOf(failure) }, 'status ended');
  }
}
