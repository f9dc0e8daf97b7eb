import { hostPort } from '@rapport/runtime/host-port.ts';

/** Where clients on this machine reach what listens on `host`, which may mean all addresses. */
export function reachableAt(host: string, port: number): string {
  const all = host === '' || host === '0.0.0.0' ? '127.0.0.1' : host;
  return hostPort(all === '::' ? '::1' : all, port);
}
