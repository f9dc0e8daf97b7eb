import { flag, readArguments } from '@rapport/runtime/arguments.ts';
import { helpText, type OptionSet } from '@rapport/runtime/options.ts';

const use = 'npm run dead -- list | show NUMBER | replay NUMBER | replay --all [--json]';
const does = `Shows what could not be processed, and puts it back once the cause is mended.
  list            each dead letter: its number, time, partition, whose it is, and why it is here
  show NUMBER     one of them, with the event (and so with what a person wrote)
  replay NUMBER   puts its event at the end of the log and deletes the letter
  replay --all    the same with all that can be put back, oldest first
  --json          prints JSON, one object a line`;

export type Command =
  | { readonly do: 'list'; readonly json: boolean }
  | { readonly do: 'show' | 'replay'; readonly sequence: number; readonly json: boolean }
  | { readonly do: 'replay_all'; readonly json: boolean };

/** Throws with one sentence when the arguments make no command; --help prints all of them. */
export function readDeadArguments(options: OptionSet): Command {
  const { values, positionals } = readArguments({
    help: helpText({ use, does, options }),
    options: { all: flag, json: flag },
    allowPositionals: true,
  });
  const { all, json } = values;
  const [verb, number, ...rest] = positionals;
  if (verb === 'list' && number === undefined && !all) return { do: 'list', json };
  if (verb === 'replay' && number === undefined && all) return { do: 'replay_all', json };
  if ((verb === 'show' || verb === 'replay') && rest.length === 0 && !all)
    return { do: verb, sequence: sequenceOf(verb, number), json };
  throw new Error(`Cannot tell what to do with "${positionals.join(' ')}": it should be ${use}`);
}

function sequenceOf(verb: string, given: string | undefined): number {
  const sequence = Number(given);
  if (given !== undefined && Number.isSafeInteger(sequence) && sequence > 0) return sequence;
  throw new Error(`Cannot ${verb} ${given ?? '(nothing)'}: it should be a number that list shows`);
}
