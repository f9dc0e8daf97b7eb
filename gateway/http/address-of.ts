import ipaddr from 'ipaddr.js';
import type { RequestHead } from '../sockets/exchange.ts';

/** A household has a whole /64 of IPv6 to itself. */
const networkBits = 64;

/**
 * The network address that a request counts for: an IPv4 address, or the /64 of an IPv6 one. `header` is the
 * one, in lower case, in which the proxy in front writes the client's address; empty when there is no proxy.
 */
export function addressOf(
  { headers, address }: Pick<RequestHead, 'headers' | 'address'>,
  header: string,
): string {
  const claimed = header === '' ? undefined : headers.get(header);
  // The nearest proxy wrote the last entry; the entries before it are only claimed.
  const nearest = claimed === undefined ? undefined : networkOf(claimed.slice(claimed.lastIndexOf(',') + 1));
  // A proxy may write `unknown`: then everything that it sends counts for the proxy itself.
  return nearest ?? networkOf(address) ?? address;
}

/** One spelling for each network, however an address of it is written; undefined when it is no address. */
function networkOf(written: string): string | undefined {
  const text = withoutPort(written.trim());
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text;
  if (!ipaddr.IPv6.isValid(text)) return undefined;
  const parsed = ipaddr.IPv6.parse(text);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  const network = parsed.parts.slice(0, networkBits / 16).map((part) => part.toString(16));
  return `${network.join(':')}::/${networkBits}`;
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1];
  return bracketed ?? text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1');
}
