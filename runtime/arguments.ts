import { AssertionError } from 'node:assert';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { reasonOf, systemCodeOf } from './fault.ts';

/** A command was given something that it cannot use; the message is one sentence for people. */
export class WrongArgument extends Error {}

/** An argument that stands alone, such as `--json`. */
export const flag = { type: 'boolean', default: false } as const;

/**
 * Reads the arguments of a command. For `--help` it prints `help` and ends the process, so that nothing runs;
 * for arguments that are not in `options` it prints one sentence and ends the process with status 1.
 */
export function readArguments<const T extends ParseArgsOptionsConfig>(command: {
  readonly help: string;
  readonly options: T;
  /** Whether arguments without a name are allowed. */
  readonly allowPositionals?: boolean;
  /** The arguments of the process when absent. */
  readonly args?: readonly string[];
}) {
  const { help, options, allowPositionals = false, args = process.argv.slice(2) } = command;
  answerHelp(() => help, args);
  try {
    return parseArgs({ args: [...args], options, allowPositionals });
  } catch (failure) {
    process.stderr.write(`${sentenceOf(failure)}\n`);
    process.exit(1);
  }
}

/** For `--help` and `-h`: prints the help and ends the process. */
export function answerHelp(help: () => string, args: readonly string[] = process.argv): void {
  if (!args.includes('--help') && !args.includes('-h')) return;
  process.stdout.write(help());
  process.exit(0);
}

/** Reads what a command was given for an option. Throws WrongArgument when it is none of `all`. */
export function chosen<const T extends string>(option: string, value: string, all: readonly T[]): T {
  const found = all.find((one) => one === value);
  if (found !== undefined) return found;
  throw new WrongArgument(`Cannot use --${option} ${value}: it should be one of ${all.join(', ')}`);
}

/** Reads a number: 1, 2, 3… Throws WrongArgument when it is none. */
export function whole(option: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new WrongArgument(`Cannot use --${option} ${value}: it should be a whole number from 1`);
}

/**
 * Runs a command; a number that `run` resolves with is its status. A failure prints one sentence and makes
 * the status 1; a bug prints its stack.
 */
export async function runCommand(run: () => Promise<unknown>): Promise<void> {
  try {
    const status = await run();
    if (typeof status === 'number') process.exitCode = status;
  } catch (failure) {
    process.stderr.write(`${isBug(failure) ? failure.stack : sentenceOf(failure)}\n`);
    process.exitCode = 1;
  }
}

/** Node's own fetch throws a TypeError when the network fails; that one has a cause. */
function isBug(failure: unknown): failure is Error {
  if (failure instanceof AssertionError || failure instanceof ReferenceError) return true;
  return failure instanceof TypeError && failure.cause === undefined && systemCodeOf(failure) === undefined;
}

/** Node adds advice to its sentence about a wrong argument; the sentence is enough. */
function sentenceOf(failure: unknown): string {
  const reason = reasonOf(failure);
  if (!systemCodeOf(failure)?.startsWith('ERR_PARSE_ARGS')) return reason;
  return `Cannot use these arguments: ${reason.split('. ')[0]}; --help shows what there is`;
}
