/** The address of `path` (without a leading slash) on a gateway, which may stand under a path of its host. */
export function endpoint(gatewayUrl: string, path: string): URL {
  const address = new URL(gatewayUrl);
  address.search = '';
  address.hash = '';
  if (!address.pathname.endsWith('/')) address.pathname += '/';
  return new URL(path, address);
}

/**
 * The address that a source or a link of an answer names; `/learn/x` and `learn/x` lie below the gateway's.
 * Undefined when it is none that a person may safely follow.
 */
export function safeAddress(url: string, gatewayUrl: string): string | undefined {
  try {
    const address = endpoint(gatewayUrl, url.startsWith('/') && !url.startsWith('//') ? `.${url}` : url);
    return ['http:', 'https:', 'mailto:'].includes(address.protocol) ? address.href : undefined;
  } catch {
    return undefined;
  }
}
