import type { Creator } from '@rapport/catalog/creator.ts';
import type { TokenRole } from '@rapport/proto/identity.ts';

/**
 * Where a request came from: its Origin header, empty where the client is no browser, and the Host it asked
 * for.
 */
export interface Source {
  readonly origin: string;
  readonly host: string;
}

/**
 * Whether a page of this origin may talk to the creator's coach. Our own pages may, and so may clients that
 * are no browsers: a page cannot lie about its origin, and whatever else could, could leave it out.
 */
export function originAllowed(creator: Pick<Creator, 'allowedOrigins'>, { origin, host }: Source): boolean {
  if (origin === '' || creator.allowedOrigins.includes('*')) return true;
  if (creator.allowedOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
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
