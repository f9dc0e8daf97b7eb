import type { Finding } from './source-file.ts';

/**
 * A document's table agrees with the code: the section has one row for each name, with the name in backticks
 * in its first cell. `cellsOf` gives the other cells that the row must contain.
 */
export function checkTable(
  document: { readonly path: string; readonly text: string },
  section: string,
  wanted: ReadonlyMap<string, readonly string[]>,
): readonly Finding[] {
  const rows = rowsOf(document.text, section);
  if (rows === undefined) return [`${document.path} has no section "${section}"`];
  const missing = [...wanted.keys()].filter((name) => !rows.has(name));
  const unknown = [...rows.keys()].filter((name) => !wanted.has(name));
  const different = [...wanted].flatMap(([name, cells]) => {
    const row = rows.get(name);
    return row === undefined
      ? []
      : cells.filter((cell) => !row.includes(cell)).map((cell) => ({ name, cell }));
  });
  return [
    ...missing.map((name) => `${document.path}, ${section}: ${name} is missing`),
    ...unknown.map((name) => `${document.path}, ${section}: ${name} is not in the code`),
    ...different.map(
      ({ name, cell }) => `${document.path}, ${section}: the row of ${name} should say ${cell}`,
    ),
  ];
}

/** Name -> cells, without backticks and with numbers written plainly (65,536 is 65536). */
function rowsOf(text: string, section: string): ReadonlyMap<string, readonly string[]> | undefined {
  const part = text.split(/^## /m).find((one) => one.startsWith(`${section}\n`));
  if (part === undefined) return undefined;
  const rows = [...part.matchAll(/^\| *`(\w+)` *\|(.*)\|\s*$/gm)];
  return new Map(rows.map(([, name = '', rest = '']) => [name, rest.split('|').map(plain)]));
}

function plain(cell: string): string {
  return cell
    .trim()
    .replaceAll('`', '')
    .replace(/(?<=\d),(?=\d{3}\b)/g, '');
}
