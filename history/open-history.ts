import type { Log } from '@rapport/runtime/log.ts';
import { OptionFault } from '@rapport/runtime/options.ts';
import { readCassandraUrl } from './cassandra-url.ts';
import type { MessageStore } from './history.ts';
import { openCassandraHistory } from './history-cassandra.ts';
import { openSqliteHistory } from './history-sqlite.ts';

/**
 * Opens the store that HISTORY_URL names: `sqlite:<path>` or `cassandra://…` (cassandra-url.ts has its form).
 * Throws OptionFault for any other url, and Fault `history_unavailable` when a file cannot be opened.
 */
export function openHistory(
  url: string,
  options: { readonly readOnly?: boolean; readonly log?: Log } = {},
): MessageStore {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(url) ?? [];
  if (scheme === 'cassandra') return openCassandraHistory({ ...options, address: readCassandraUrl(rest) });
  // Only the scheme is shown: a url may hold a password.
  if (scheme !== 'sqlite' || rest === '') {
    throw new OptionFault(
      `Cannot use HISTORY_URL of scheme '${scheme}': ` +
        'it should be sqlite:<path> or cassandra://<hosts>/<keyspace>',
    );
  }
  return openSqliteHistory({ ...options, path: rest });
}
