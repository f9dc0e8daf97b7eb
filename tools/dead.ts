import { runCommand } from '@rapport/runtime/arguments.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { type DeadLetter, type DeadLetters, openDeadLetters } from '@rapport/stream/dead-letters.ts';
import { connectToRapport } from './connect-to-rapport.ts';
import { type Command, readDeadArguments } from './dead-arguments.ts';
import { readConfig, options as settings } from './knowledge/config.ts';

const { STREAM_REPLICAS: _, ...options } = settings;

await runCommand(() => main(readDeadArguments(options)));

async function main(command: Command): Promise<number> {
  const { NATS_URL: natsUrl, DATA_DIR: dataDir, LOG_LEVEL: level } = readConfig(process.env);
  const log = createLog({ name: 'dead', level });
  const nc = await connectToRapport({ name: 'dead', natsUrl, dataDir, log });
  try {
    return await run(command, await openDeadLetters(nc));
  } finally {
    await nc.close();
  }
}

async function run(command: Command, dead: DeadLetters): Promise<number> {
  const letters = await dead.list();
  switch (command.do) {
    case 'list':
      for (const letter of letters) print(command.json ? JSON.stringify(summaryOf(letter)) : line(letter));
      if (letters.length === 0 && !command.json) print('There are no dead letters.');
      return 0;
    case 'show':
      print(shown(found(letters, command), command.json));
      return 0;
    case 'replay':
      return await replay([found(letters, command)], dead, command.json);
    case 'replay_all':
      return await replay(letters, dead, command.json);
    default:
      return command satisfies never;
  }
}

function found(
  letters: readonly DeadLetter[],
  command: { readonly do: string; readonly sequence: number },
): DeadLetter {
  const letter = letters.find(({ sequence }) => sequence === command.sequence);
  if (letter !== undefined) return letter;
  throw new Error(`Cannot ${command.do} ${command.sequence}: there is no dead letter of that number`);
}

/** One letter after the other, so that the messages of a person go back in their order. */
async function replay(letters: readonly DeadLetter[], dead: DeadLetters, json: boolean): Promise<number> {
  let refused = 0;
  for (const letter of letters) {
    const { sequence, envelope } = letter;
    if (envelope === undefined) {
      refused += 1;
      process.stderr.write(`Cannot replay ${sequence}: it is not an event; show prints what it is\n`);
      continue;
    }
    await dead.replay({ ...letter, envelope });
    print(json ? JSON.stringify({ ...summaryOf(letter), replayed: true }) : `${line(letter)}: replayed`);
  }
  return refused === 0 ? 0 : 1;
}

function summaryOf({ sequence, timeMs, partition, reason, envelope }: DeadLetter) {
  const { creatorId, userId, event } = envelope ?? {};
  return { sequence, timeMs, partition, creatorId, userId, kind: event?.kind, reason };
}

function line(letter: DeadLetter): string {
  const { sequence, timeMs, partition, reason, envelope } = letter;
  const whose = envelope === undefined ? 'of nobody' : `of ${envelope.creatorId}/${envelope.userId}`;
  const what = envelope?.event.kind ?? `${letter.bytes.length} bytes`;
  const time = new Date(timeMs).toISOString();
  return `${sequence}  ${time}  partition ${partition}  ${what} ${whose}  ${reason}`;
}

function shown(letter: DeadLetter, json: boolean): string {
  const body = letter.envelope ?? new TextDecoder().decode(letter.bytes);
  if (json) return JSON.stringify({ ...summaryOf(letter), body });
  return `${line(letter)}\n${typeof body === 'string' ? body : JSON.stringify(body, undefined, 2)}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
