/**
 * Tells a client that has the representation already (RFC 9110, 13.1.2). If-None-Match is a list of tags, or
 * `*`. Tags are compared weakly, because a proxy that compresses makes a strong tag weak.
 */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((tag) => opaque(tag) === opaque(etag));
}

function opaque(tag: string): string {
  return tag.trim().replace(/^W\//, '');
}
