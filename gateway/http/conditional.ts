/**
 * Whether a client that sent this If-None-Match has the representation already (RFC 9110, 13.1.2): a list of
 * tags, or `*`, compared weakly, because proxies that compress make a strong tag weak.
 */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((tag) => opaque(tag) === opaque(etag));
}

function opaque(tag: string): string {
  return tag.trim().replace(/^W\//, '');
}
