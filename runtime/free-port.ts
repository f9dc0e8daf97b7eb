import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port of `host` that is free now. Another process may take it before the caller does. */
export async function freePort(host: string): Promise<number> {
  const server = createServer();
  await once(server.listen(0, host), 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
