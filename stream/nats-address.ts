import { OptionFault } from '@rapport/runtime/options.ts';

/** What the NATS client is given of a `NATS_URL`. */
export interface NatsAddress {
  /** Without credentials, so they may be logged. */
  readonly servers: readonly string[];
  /** The login of all servers: the client has one. */
  readonly login: { readonly user: string; readonly pass: string } | { readonly token: string } | undefined;
}

/**
 * Reads `nats://[user:password@|token@]host[:port]`, several with commas between them. Credentials are
 * percent-encoded; one server may name them for all. Throws OptionFault, which never shows them.
 */
export function natsAddress(url: string): NatsAddress {
  const parts = url.split(',').map(partsOf);
  const logins = new Set(parts.map(({ login }) => login).filter((login) => login !== undefined));
  if (logins.size > 1)
    throw new OptionFault('Cannot use NATS_URL: all its servers should have the same user and password');
  const [login] = logins;
  return {
    servers: parts.map(({ server }) => server),
    login: login === undefined ? undefined : readLogin(login),
  };
}

function partsOf(address: string): { readonly login: string | undefined; readonly server: string } {
  const [, scheme = '', login, server = ''] = /^([a-z]+:\/\/)?(?:(.*)@)?([^@]*)$/.exec(address.trim()) ?? [];
  return { login, server: `${scheme}${server}` };
}

function readLogin(login: string): NatsAddress['login'] {
  const [user = '', pass] = login.split(/:(.*)/s, 2).map(decoded);
  return pass === undefined ? { token: user } : { user, pass };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new OptionFault('Cannot use the user and password of NATS_URL: they should be percent-encoded');
  }
}
