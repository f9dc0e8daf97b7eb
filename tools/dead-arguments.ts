import { parseArgs } from 'node:util';

export const use = 'npm run dead -- list | show NUMBER | replay NUMBER | replay --all [--json]';
export const does = `Shows what could not be processed, and puts it back once the cause is mended.
  list            each dead letter: its number, time, partition, whose it is, and why it is here
  show NUMBER     one of them, with the event (and so with what a person wrote)
  replay NUMBER   puts its event at the end of the log and deletes the letter
  replay --all    the same with all that can be put back, oldest first
  --json          prints JSON, one object a line`;

export type Command =
  | { readonly do: 'help' }
  | { readonly do: 'list'; readonly json: boolean }
  | { readonly do: 'show' | 'replay'; readonly sequence: number; readonly json: boolean }
  | { readonly do: 'replay_all'; readonly json: boolean };

/** Throws with one sentence when the arguments make no command. */
export function readDeadArguments(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { all, json, help } = values;
  const [verb, number, ...rest] = positionals;
  if (help) return { do: 'help' };
  if (verb === 'list' && number === undefined && !all) return { do: 'list', json };
  if (verb === 'replay' && number === undefined && all) return { do: 'replay_all', json };
  if ((verb === 'show' || verb === 'replay') && rest.length === 0 && !all)
    return { do: verb, sequence: sequenceOf(verb, number), json };
  throw new Error(`Cannot tell what to do with "${args.join(' ')}": it should be ${use}`);
}

function sequenceOf(verb: string, given: string | undefined): number {
  const sequence = Number(given);
  if (given !== undefined && Number.isSafeInteger(sequence) && sequence > 0) return sequence;
  throw new Error(`Cannot ${verb} ${given ?? '(nothing)'}: it should be a number that list shows`);
}
