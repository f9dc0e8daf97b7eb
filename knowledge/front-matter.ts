/**
 * Splits the front matter from a text: lines `name: value`, quoted or not, between two lines `---` at the
 * beginning. A text without the first or the second of these lines has no fields.
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

/** No regular expression skips the spaces: it would take time by the square of their number. */
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
