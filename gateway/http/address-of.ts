import type { Request } from './http.ts';

/**
 * The address that a request counts for. `header` is the one, in lower case, in which the proxy in front
 * writes the client's address; empty when there is no proxy.
 */
export function addressOf(
  { headers, address }: Pick<Request, 'headers' | 'address'>,
  header: string,
): string {
  const claimed = header === '' ? undefined : headers.get(header);
  // The last entry is the one that the nearest proxy wrote; those before it are only claimed.
  return networkOf(claimed?.split(',').at(-1)?.trim() ?? address);
}

/** One household has a whole /64 of IPv6. The socket gives addresses in full: eight groups of four digits. */
function networkOf(address: string): string {
  const groups = address.split(':');
  const mapped = address.startsWith('0000:0000:0000:0000:0000:ffff:');
  return groups.length === 8 && !mapped ? groups.slice(0, 4).join(':') : address;
}
