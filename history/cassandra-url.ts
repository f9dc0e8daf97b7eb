import { OptionFault } from '@rapport/runtime/options.ts';

/** Where a history in Cassandra or ScyllaDB is, as HISTORY_URL says it. */
export interface CassandraAddress {
  /** `host:port` of the servers to ask first. The driver finds the others. */
  readonly contactPoints: readonly string[];
  readonly keyspace: string;
  /** The data center whose servers are asked, and whose quorum counts. */
  readonly dataCenter: string;
  /** Copies in that data center; counts only when the keyspace is made here. */
  readonly replication: number;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly tls: boolean;
  /** The url without its password, for sentences. */
  readonly shown: string;
}

const want =
  'cassandra://[user:password@]host[:port][,host[:port]...]/keyspace[?dc=NAME&replication=N&tls=true]';
const portDefault = '9042';
const keyspacePattern = /^[a-z][a-z0-9_]{0,47}$/;

/**
 * Reads what follows `cassandra:`, e.g. `//host1,host2:9043/rapport?dc=eu&replication=3`. User and password
 * are percent-encoded. Throws OptionFault, which never shows them.
 */
export function readCassandraUrl(rest: string): CassandraAddress {
  const found = /^\/\/(?:([^/?#]*)@)?([^/?#@]+)\/([^/?#]*)(?:\?([^#]*))?$/.exec(rest);
  if (found === null) throw new OptionFault(`Cannot use HISTORY_URL: it should be ${want}`);
  const [, login, hosts = '', keyspace = '', query = ''] = found;
  if (!keyspacePattern.test(keyspace)) {
    throw new OptionFault(
      `Cannot use keyspace '${keyspace}' of HISTORY_URL: it should match ${keyspacePattern}`,
    );
  }
  return {
    contactPoints: hosts.split(',').map(contactPoint),
    keyspace,
    credentials: login === undefined ? undefined : readLogin(login),
    shown: `cassandra://${hosts}/${keyspace}`,
    ...readQuery(query),
  };
}

function contactPoint(host: string): string {
  const [, name = '', port = portDefault] = /^([\w.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?$/i.exec(host) ?? [];
  if (name === '')
    throw new OptionFault(`Cannot use host '${host}' of HISTORY_URL: it should be host[:port]`);
  return `${name}:${port}`;
}

function readLogin(login: string): CassandraAddress['credentials'] {
  const [, username, password] = /^([^:]+):(.+)$/.exec(login) ?? [];
  if (username === undefined || password === undefined) {
    throw new OptionFault('Cannot use the login of HISTORY_URL: it should be user:password');
  }
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw new OptionFault('Cannot use the login of HISTORY_URL: it should be percent-encoded');
  }
}

function readQuery(query: string): Pick<CassandraAddress, 'dataCenter' | 'replication' | 'tls'> {
  const given = new URLSearchParams(query);
  for (const name of given.keys()) {
    if (!['dc', 'replication', 'tls'].includes(name)) {
      throw new OptionFault(`Cannot use '${name}' of HISTORY_URL: it should be dc, replication or tls`);
    }
  }
  const dataCenter = given.get('dc') ?? 'datacenter1';
  if (!/^[\w.-]+$/.test(dataCenter)) {
    throw new OptionFault(`Cannot use dc=${dataCenter} of HISTORY_URL: it should be a data center's name`);
  }
  const replication = given.get('replication') ?? '3';
  if (!/^[1-9]$/.test(replication)) {
    throw new OptionFault(`Cannot use replication=${replication} of HISTORY_URL: it should be 1 to 9`);
  }
  const tls = given.get('tls') ?? 'false';
  if (tls !== 'true' && tls !== 'false') {
    throw new OptionFault(`Cannot use tls=${tls} of HISTORY_URL: it should be true or false`);
  }
  return { dataCenter, replication: Number(replication), tls: tls === 'true' };
}
