/** A command was given something that it cannot use; the message is one sentence for whoever typed it. */
class WrongArgument extends Error {}

/** Reads what a command was given for an option. Throws WrongArgument when it is none of `all`. */
export function chosen<const T extends string>(option: string, value: string, all: readonly T[]): T {
  const found = all.find((one) => one === value);
  if (found !== undefined) return found;
  throw new WrongArgument(`Cannot use --${option} ${value}: it should be one of ${all.join(', ')}`);
}

/** The same for a number: 1, 2, 3… */
export function whole(option: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new WrongArgument(`Cannot use --${option} ${value}: it should be a whole number from 1`);
}

/**
 * Runs a command, or what reads its options: arguments that it cannot use end the process with one sentence
 * and status 1. Whatever else goes wrong is thrown on, with its stack.
 */
export async function explainWrongArguments<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (failure) {
    if (!isWrongArgument(failure)) throw failure;
    process.stderr.write(`${failure.message}\n`);
    process.exit(1);
  }
}

/** Ours, or that of node:util's parseArgs. */
function isWrongArgument(failure: unknown): failure is Error {
  if (failure instanceof WrongArgument) return true;
  return failure instanceof Error && 'code' in failure && String(failure.code).startsWith('ERR_PARSE_ARGS');
}
