import { parts } from '@rapport/actors/conversation/parts.ts';
import type { Creator } from '@rapport/catalog/creator.ts';

type PartSettings = NonNullable<Creator['parts']>[string];

/** Settings of parts that the command was given, by the part's name; undefined: the part is switched off. */
export type PartChanges = Readonly<Record<string, PartSettings | undefined>>;

/** Parts with an option of their own. */
const elsewhere = new Map([['follow-up', '--follow-up']]);

/** Reads `NAME=JSON` and `NAME=off`. Throws with one sentence when the part would not take the settings. */
export function partChanges(given: readonly string[]): PartChanges {
  return Object.fromEntries(given.map(partChange));
}

function partChange(given: string): [string, PartSettings | undefined] {
  const [, name = given, wanted = ''] = /^([^=]*)=(.*)$/s.exec(given) ?? [];
  const refuse = (why: string): never => {
    throw new Error(`Cannot use --part ${given}: ${why}`);
  };
  const own = elsewhere.get(name);
  if (own !== undefined) return refuse(`${own} sets it`);
  const part = parts.find((one) => one.name === name);
  if (part === undefined) {
    const names = parts.map((one) => one.name).filter((one) => !elsewhere.has(one));
    return refuse(`it should be NAME=JSON or NAME=off, and NAME one of ${names.join(', ')}`);
  }
  if (wanted === 'off') return [name, undefined];
  const settings = parsed(wanted) ?? refuse('what follows the name should be JSON, or off');
  const { data, error } = part.settings.safeParse(settings);
  if (error !== undefined)
    return refuse(error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  const strange = Object.keys(settings).find((field) => !Object.hasOwn(Object(data), field));
  if (strange !== undefined) return refuse(`it has no ${strange}`);
  return [name, settings];
}

function parsed(json: string): PartSettings | undefined {
  try {
    const settings: unknown = JSON.parse(json);
    // Decoder: the part checks its fields.
    return typeof settings === 'object' && settings !== null ? (settings as PartSettings) : undefined;
  } catch {
    return undefined;
  }
}

/** The creator with these changes; without any part, `parts` is left out. */
export function withParts<C extends Partial<Creator>>(
  { parts: before, ...creator }: C,
  changes: PartChanges,
): Omit<C, 'parts'> & Pick<Creator, 'parts'> {
  const after = Object.entries({ ...before, ...changes }).flatMap(([name, settings]) =>
    settings === undefined ? [] : [[name, settings] as const],
  );
  return after.length > 0 ? { ...creator, parts: Object.fromEntries(after) } : creator;
}
