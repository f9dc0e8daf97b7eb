import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { checkPorts } from './check-ports.ts';

test.each(['127.0.0.1', '::1'])(
  'checkPorts() names the port in use on %s and the option that moves it',
  async (host) => {
    const taken = createServer().listen(0, host);
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const ports = { INFERENCE_PORT: { host, port: 0 }, GATEWAY_PORT: { host, port } };
    await expect(checkPorts(ports)).rejects.toThrow(
      `Cannot listen on port ${port} of ${host}: another program uses it. ` +
        'Set GATEWAY_PORT, or PORT_BASE for all ports, to a free one.',
    );
    taken.close();
  },
);

test.each(['192.0.2.1', 'no-such-host.invalid'])(
  'checkPorts() says that %s is none of this machine',
  async (host) => {
    await expect(checkPorts({ GATEWAY_PORT: { host, port: 0 } })).rejects.toThrow(
      `Cannot listen on port 0 of ${host}: this machine has no such address. ` +
        'Set GATEWAY_HOST to one that it has.',
    );
  },
);
