import { Fault, reasonOf } from '@rapport/runtime/fault.ts';

/** Primary result codes: https://www.sqlite.org/rescode.html */
const SQLITE_BUSY = 5;
const reasons: Readonly<Record<number, string>> = {
  [SQLITE_BUSY]: 'another process holds it',
  8: 'it may not be written to',
  10: 'the disk failed',
  11: 'it is damaged',
  13: 'the disk is full',
  14: 'the file or its folder can not be opened',
  26: 'it is not a SQLite database',
};

/**
 * One sentence for the operator, e.g. `Cannot open history /data/history.db: it is not a SQLite database`.
 */
export function historyFault(doing: 'open' | 'read' | 'write', path: string, failure: unknown): Fault {
  if (failure instanceof Fault) return failure;
  const reason = reasons[sqliteCode(failure)] ?? reasonOf(failure);
  return new Fault('history_unavailable', `Cannot ${doing} history ${path}: ${reason}`, failure);
}

export function isBusy(failure: unknown): boolean {
  return sqliteCode(failure) === SQLITE_BUSY;
}

/** node:sqlite puts SQLite's extended result code into `errcode`; its low byte is the primary one. */
function sqliteCode(failure: unknown): number {
  const code = failure instanceof Error && 'errcode' in failure ? failure.errcode : 0;
  return typeof code === 'number' ? code & 0xff : 0;
}
