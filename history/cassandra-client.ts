import type { Log } from '@rapport/runtime/log.ts';
import { Client, policies, types } from 'cassandra-driver';
import type { CassandraAddress } from './cassandra-url.ts';

/**
 * How long the client waits for an answer: longer than a server's own limit for a write (2 s), so that the
 * server's sentence arrives, and short enough for a readiness probe.
 */
const answerWithinMs = 3_000;
const connectWithinMs = 3_000;
/** A connection whose other end is silently gone is noticed after this time. */
const heartbeatMs = 5_000;
const reconnectMs = { first: 200, most: 2_000 };

/**
 * A client that connects at the first call and reconnects by itself. Every statement is prepared, idempotent
 * and goes to a replica. `prepare` and `isIdempotent` are off by default, and then retries silently do
 * nothing.
 */
export function createCassandraClient(address: CassandraAddress, log: Log | undefined): Client {
  const client = new Client({
    contactPoints: [...address.contactPoints],
    localDataCenter: address.dataCenter,
    ...(address.credentials === undefined ? {} : { credentials: { ...address.credentials } }),
    ...(address.tls ? { sslOptions: { rejectUnauthorized: true } } : {}),
    policies: {
      loadBalancing: new policies.loadBalancing.TokenAwarePolicy(
        new policies.loadBalancing.DCAwareRoundRobinPolicy(address.dataCenter),
      ),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(
        reconnectMs.first,
        reconnectMs.most,
        false,
      ),
    },
    queryOptions: { prepare: true, isIdempotent: true, consistency: types.consistencies.localQuorum },
    socketOptions: { readTimeout: answerWithinMs, connectTimeout: connectWithinMs },
    pooling: { heartBeatInterval: heartbeatMs },
    // Positions of the log do not fit into 32 bits. Without this the driver gives a Long to be unpacked.
    encoding: { useBigIntAsLong: true, useUndefinedAsUnset: true },
  });
  client.on('hostDown', (host) => log?.warn({ server: host.address }, 'a server of the history is away'));
  client.on('hostUp', (host) => log?.info({ server: host.address }, 'a server of the history is back'));
  return client;
}
