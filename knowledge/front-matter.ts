/**
 * Takes off what stands between two lines `---` at the beginning of a text, as lines `name: value` with or
 * without quotes. A text that does not begin so, or does not end it, has none.
 */
export function splitFrontMatter(content: string): {
  readonly fields: ReadonlyMap<string, string>;
  readonly text: string;
} {
  const lines = content.split('\n');
  const end =
    lines[0]?.trimEnd() === '---' ? lines.findIndex((line, at) => at > 0 && line.trimEnd() === '---') : -1;
  const fields = lines.slice(1, Math.max(end, 1)).flatMap(fieldOf);
  return {
    fields: new Map(fields),
    text: lines
      .slice(end + 1)
      .join('\n')
      .trim(),
  };
}

/** Without an expression: one that skips spaces takes time by the square of their number. */
function fieldOf(line: string): readonly (readonly [string, string])[] {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  const value = unquoted(line.slice(colon + 1).trim());
  return /^\w+$/.test(name) && value !== '' ? [[name, value]] : [];
}

function unquoted(value: string): string {
  const [quote = ''] = value;
  const isQuoted = value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote);
  return isQuoted ? value.slice(1, -1) : value;
}
