import { withoutCredentials } from './credentials.ts';

/** One setting of a process: its default, what it means, and how its text is read. */
export interface Option<T> {
  readonly fallback: T;
  readonly doc: string;
  /** Returns the value, or the sentence that says what it should be. */
  readonly read: (
    text: string,
  ) => { readonly ok: true; readonly value: T } | { readonly ok: false; readonly want: string };
}

export type OptionSet = Readonly<Record<string, Option<unknown>>>;
export type OptionValues<S extends OptionSet> = {
  readonly [K in keyof S]: S[K] extends Option<infer T> ? T : never;
};

export function text(fallback: string, doc: string, pattern?: RegExp): Option<string> {
  return {
    fallback,
    doc,
    read: (given) =>
      pattern === undefined || pattern.test(given)
        ? { ok: true, value: given }
        : { ok: false, want: `text that matches ${pattern}` },
  };
}

/** Several texts with commas between them; none by default. */
export function list(doc: string, pattern: RegExp): Option<readonly string[]> {
  return {
    fallback: [],
    doc,
    read: (given) => {
      const values = given.split(',').map((value) => value.trim());
      return values.every((value) => pattern.test(value))
        ? { ok: true, value: values }
        : { ok: false, want: `texts that match ${pattern}, with commas between them` };
    },
  };
}

export function integer(
  fallback: number,
  doc: string,
  range: { readonly min: number; readonly max: number },
): Option<number> {
  return {
    fallback,
    doc,
    read: (given) => {
      const value = Number(given);
      return given.trim() !== '' && Number.isInteger(value) && value >= range.min && value <= range.max
        ? { ok: true, value }
        : { ok: false, want: `a whole number from ${range.min} to ${range.max}` };
    },
  };
}

export function port(fallback: number, doc: string): Option<number> {
  return integer(fallback, doc, { min: 0, max: 65_535 });
}

export function oneOf<const T extends string>(fallback: T, doc: string, choices: readonly T[]): Option<T> {
  return {
    fallback,
    doc: `${doc} One of: ${choices.join(', ')}.`,
    read: (given) => {
      const value = choices.find((choice) => choice === given);
      return value === undefined ? { ok: false, want: `one of ${choices.join(', ')}` } : { ok: true, value };
    },
  };
}

/**
 * Reads every option from `env`; an empty text counts as not given. Throws OptionFault, whose message is one
 * line per wrong value, so that the process stops before it listens.
 */
export function readOptions<S extends OptionSet>(
  options: S,
  env: Readonly<Record<string, string | undefined>>,
): OptionValues<S> {
  const wrong: string[] = [];
  const entries = Object.entries(options).map(([name, option]) => {
    const given = env[name];
    if (given === undefined || given === '') return [name, option.fallback];
    const result = option.read(given);
    if (!result.ok)
      wrong.push(`Cannot use ${name}=${withoutCredentials(given)}: it should be ${result.want}`);
    return [name, result.ok ? result.value : undefined];
  });
  if (wrong.length > 0) throw new OptionFault(wrong.join('\n'));
  // Decoder: each value came from its own option's read.
  return Object.fromEntries(entries) as OptionValues<S>;
}

/** A setting has a value that it cannot have; the message is for the person who set it. */
export class OptionFault extends Error {
  override readonly name = 'OptionFault';
}

/** What --help prints: a line of use, then every option with its default and meaning. */
export function helpText(options: {
  readonly use: string;
  readonly does: string;
  readonly options: OptionSet;
}): string {
  const rows = Object.entries(options.options).map(
    ([name, option]) => `  ${name}=${String(option.fallback)}\n      ${option.doc}`,
  );
  const settings = `Settings (environment variables, shown with their defaults):\n${rows.join('\n')}`;
  return `${options.use}\n\n${options.does}\n\n${settings}\n`;
}
