/** The header lines of a request as they came: names in lower case, and values. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/** The headers by their names; one that comes several times is joined by commas. */
export function headersOf(lines: HeaderLines): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of lines) {
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** Two of these would let a proxy and the gateway read one request in two ways. */
const onlyOnce = ['content-length', 'transfer-encoding', 'host', 'origin', 'authorization'];

/**
 * Why the headers of a request cannot be trusted. uWebSockets.js takes the first of two lengths, and any
 * transfer encoding for `chunked`: the bytes behind them would become a request of their own.
 */
export function malformedBy(lines: HeaderLines): string | undefined {
  for (const name of onlyOnce) {
    const values = new Set(lines.filter(([other]) => other === name).map(([, value]) => value));
    if (values.size > 1) return `Cannot read the request: its ${name} headers differ`;
  }
  const encoding = lines.find(([name]) => name === 'transfer-encoding')?.[1] ?? 'chunked';
  if (encoding.toLowerCase() === 'chunked') return undefined;
  return 'Cannot read the request: its transfer-encoding should be chunked';
}
