/** A partition, as `npm run owners` shows it. */
export interface OwnerRow {
  readonly partition: number;
  /** Empty when no host owns it. */
  readonly host: string;
  readonly epoch: number;
  readonly checkpoint: number;
  /** Records after the checkpoint; progress is written lazily, so a few are normal while people talk. */
  readonly behind: number;
  /** Answers being written. */
  readonly answers: number;
}

const columns = ['partition', 'host', 'epoch', 'checkpoint', 'behind', 'answers'] as const;

/** The rows as text under a head, in columns as wide as their widest cell; numbers on the right. */
export function ownersTable(rows: readonly OwnerRow[]): string {
  const cells = [
    columns as readonly string[],
    ...rows.map((row) => columns.map((column) => String(row[column] || (column === 'host' ? 'nobody' : 0)))),
  ];
  const widths = columns.map((_, at) => Math.max(...cells.map((row) => row[at]?.length ?? 0)));
  const pad = (cell: string, at: number) =>
    columns[at] === 'host' ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0);
  return cells.map((row) => row.map(pad).join('  ')).join('\n');
}
