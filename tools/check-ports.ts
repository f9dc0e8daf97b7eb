import { once } from 'node:events';
import { createServer } from 'node:net';
import { Fault, reasonOf, systemCodeOf } from '@rapport/runtime/fault.ts';

/** Where a process of this run is going to listen, by the option that moves its port. */
export type Ports = Readonly<Record<string, { readonly host: string; readonly port: number }>>;

/**
 * Throws Fault `unavailable`, with the option that moves it, when a port cannot be listened on. It is asked
 * before anything starts, because a process that fails later says it less well. Port 0 is always free.
 */
export async function checkPorts(ports: Ports): Promise<void> {
  for (const [option, { host, port }] of Object.entries(ports)) {
    const reason = await refusal(host, port);
    if (reason === undefined) continue;
    throw new Fault('unavailable', `Cannot listen on port ${port} of ${host}: ${reason(option)}`);
  }
}

async function refusal(host: string, port: number): Promise<((option: string) => string) | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, host), 'listening');
    server.close();
    await once(server, 'close');
    return undefined;
  } catch (failure) {
    return (option) => sentenceOf(failure, option);
  }
}

function sentenceOf(failure: unknown, option: string): string {
  const move = `Set ${option}, or PORT_BASE for all ports, to a free one.`;
  switch (systemCodeOf(failure)) {
    case 'EADDRINUSE':
      return `another program uses it. ${move}`;
    case 'EACCES':
      return `this user may not use it. ${move}`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine has no such address. Set ${option.replace('PORT', 'HOST')} to one that it has.`;
    default:
      return `${reasonOf(failure)}.`;
  }
}
