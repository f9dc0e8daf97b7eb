/** Reads what a command was given for an option. Throws one sentence when it is none of `all`. */
export function chosen<const T extends string>(option: string, value: string, all: readonly T[]): T {
  const found = all.find((one) => one === value);
  if (found !== undefined) return found;
  throw new Error(`Cannot use --${option} ${value}: it should be one of ${all.join(', ')}`);
}

/** The same for a number: 1, 2, 3… */
export function whole(option: string, value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`Cannot use --${option} ${value}: it should be a whole number from 1`);
}
