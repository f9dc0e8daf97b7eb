/**
 * The encoding on offer that a client likes best (RFC 9110, 12.5.3). Undefined: the bytes are sent as they
 * are. `offered` begins with the best for the gateway; between equal weights the first wins.
 */
export function encodingFor<E extends string>(
  acceptEncoding: string | undefined,
  offered: readonly E[],
): E | undefined {
  const weights = weightsOf(acceptEncoding ?? '');
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
  // A client may prefer the plain bytes, which count as taken where nothing else is said.
  const plain = weights.get('identity') ?? 0;
  const best = offered.toSorted((one, other) => weightOf(other) - weightOf(one))[0];
  return best !== undefined && weightOf(best) > 0 && weightOf(best) >= plain ? best : undefined;
}

function weightsOf(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim());
    const given = parameters.find((text) => text.startsWith('q='))?.slice(2);
    const weight = given === undefined ? 1 : Number(given);
    if (name !== '' && weight >= 0 && weight <= 1) weights.set(name === 'x-gzip' ? 'gzip' : name, weight);
  }
  return weights;
}
