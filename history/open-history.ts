import type { Log } from '@rapport/runtime/log.ts';
import { OptionFault } from '@rapport/runtime/options.ts';
import type { MessageStore } from './history.ts';
import { openSqliteHistory } from './history-sqlite.ts';

/**
 * Opens the store that HISTORY_URL names: `sqlite:<path>`. Throws OptionFault for any other url, and Fault
 * `history_unavailable` when it cannot be opened.
 */
export function openHistory(
  url: string,
  options: { readonly readOnly?: boolean; readonly log?: Log } = {},
): MessageStore {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(url) ?? [];
  if (scheme === 'cassandra') {
    throw new OptionFault('HISTORY_URL cassandra:// is not supported by this version; use sqlite:<path>');
  }
  // Only the scheme is shown: a url may hold a password.
  if (scheme !== 'sqlite' || rest === '') {
    throw new OptionFault(`Cannot use HISTORY_URL of scheme '${scheme}': it should be sqlite:<path>`);
  }
  return openSqliteHistory({ ...options, path: rest });
}
