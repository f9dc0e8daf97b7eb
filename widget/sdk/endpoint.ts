/** The address of `path` (without a leading slash) on a gateway, which may stand under a path of its host. */
export function endpoint(gatewayUrl: string, path: string): URL {
  const address = new URL(gatewayUrl);
  address.search = '';
  address.hash = '';
  if (!address.pathname.endsWith('/')) address.pathname += '/';
  return new URL(path, address);
}

/** The address that a source names: `/learn/x` and `learn/x` lie below the gateway's address. */
export function sourceAddress(url: string, gatewayUrl: string): URL {
  return endpoint(gatewayUrl, url.startsWith('/') && !url.startsWith('//') ? `.${url}` : url);
}
