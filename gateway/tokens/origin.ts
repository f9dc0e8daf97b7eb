import type { Creator } from '@rapport/catalog/creator.ts';
import type { TokenRole } from '@rapport/proto/identity.ts';

/** Where a request came from. */
export interface Source {
  /** Its Origin header; empty where the client is no browser. */
  readonly origin: string;
  /** Its Host header; empty when that is not a name of this gateway. */
  readonly host: string;
}

/** Reads a request's source. */
export type SourceOf = (headers: { readonly origin: string; readonly host: string }) => Source;

/**
 * With names given, a Host of another name makes no page the gateway's own: an attacker may let a name of
 * theirs point to this machine, and then Origin and Host agree. `names` are without ports; none: any name.
 */
export function sourceReader(names: readonly string[]): SourceOf {
  const own = new Set(names.map((name) => name.toLowerCase()));
  return ({ origin, host }) => {
    const name = host.replace(/:\d+$/, '').toLowerCase();
    return { origin, host: own.size === 0 || own.has(name) ? host : '' };
  };
}

/**
 * Decides if a page of this origin may talk to the creator's coach. The gateway's own pages may, and so may
 * clients that are no browsers: a page cannot lie about its origin, and any other client could leave it out.
 */
export function originAllowed(creator: Pick<Creator, 'allowedOrigins'>, { origin, host }: Source): boolean {
  if (origin === '' || creator.allowedOrigins.includes('*')) return true;
  return creator.allowedOrigins.includes(origin) || isOwnPage({ origin, host });
}

/** Compared as text: an origin has a scheme and a host and nothing else, so one with a user is no match. */
function isOwnPage({ origin, host }: Source): boolean {
  const name = host.toLowerCase();
  if (name === '') return false;
  return origin === `https://${name.replace(/:443$/, '')}` || origin === `http://${name.replace(/:80$/, '')}`;
}

/** Why an accepted token is not enough here; undefined when it is. Only visitors are bound to a site. */
export function refusalOf(
  creator: Pick<Creator, 'allowedOrigins'> | undefined,
  role: TokenRole,
  source: Source,
): 'creator_unknown' | 'origin_refused' | undefined {
  if (creator === undefined) return 'creator_unknown';
  return role === 'visitor' && !originAllowed(creator, source) ? 'origin_refused' : undefined;
}
