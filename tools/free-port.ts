import { once } from 'node:events';
import { createServer } from 'node:net';
import { Fault } from '@rapport/runtime/fault.ts';

/**
 * Throws Fault `unavailable`, with the option that moves it, when a port cannot be listened on: asked before
 * anything starts, because a process that fails later says it less well. Port 0 is always free.
 */
export async function checkPorts(ports: Readonly<Record<string, number>>): Promise<void> {
  for (const [option, port] of Object.entries(ports)) {
    const reason = await refusal(port);
    if (reason === undefined) continue;
    throw new Fault(
      'unavailable',
      `Cannot listen on port ${port}: ${reason}. Set ${option}, or PORT_BASE for all ports, to a free one.`,
    );
  }
}

async function refusal(port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    server.close();
    await once(server, 'close');
    return undefined;
  } catch (failure) {
    if (!(failure instanceof Error) || !('code' in failure)) return String(failure);
    if (failure.code === 'EADDRINUSE') return 'another program uses it';
    return failure.code === 'EACCES' ? 'this user may not use it' : failure.message;
  }
}
