import { connect, type NatsConnection } from '@nats-io/transport-node';
import { reasonOf } from '@rapport/runtime/fault.ts';
import type { Log } from '@rapport/runtime/log.ts';

/**
 * A connection that never gives up: it reconnects for as long as the process lives and logs what it goes
 * through. Throws when the first connection fails.
 */
export async function connectNats(options: {
  readonly url: string;
  readonly name: string;
  readonly log: Log;
}): Promise<NatsConnection> {
  const { url, name, log } = options;
  try {
    const nc = await connect({
      servers: url.split(','),
      name,
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
    return nc;
  } catch (failure) {
    throw new Error(`Cannot reach NATS at ${url}`, { cause: failure });
  }
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
