import { mkdir } from 'node:fs/promises';
import { createInterface, type Interface } from 'node:readline';
import { createRapport } from '../sdk/client.ts';
import type { Rapport, RapportState } from '../sdk/rapport.ts';
import { type ChatSettings, chatHelp, readChatSettings } from './config.ts';
import { fileStorage } from './storage-file.ts';
import { Transcript } from './transcript.ts';

/** A model may take this long; the script then goes on. */
const answerWithinMs = 90_000;
const reachableWithinMs = 10_000;

const read = readChatSettings(process.argv.slice(2));
if (!read.ok) {
  console.error(read.reason);
  process.exitCode = 1;
} else if (read.settings === 'help') {
  process.stdout.write(chatHelp);
} else {
  process.exitCode = await chat(read.settings);
}

async function chat(settings: ChatSettings): Promise<number> {
  await mkdir(settings.folder, { recursive: true });
  const rapport = createRapport({ ...settings, storage: fileStorage(settings.folder), tail: 20 });
  const transcript = new Transcript({ write: (text) => process.stdout.write(text), base: settings.url });
  const lines = createInterface({ input: process.stdin, terminal: process.stdin.isTTY === true });
  const talk = process.stdin.isTTY ? converse : follow;
  const status = await talk(rapport, transcript, lines);
  const unsent = rapport.state().pending.filter(({ state }) => state === 'waiting').length;
  await rapport.close();
  if (unsent === 0) return status;
  console.log(`Not sent yet: ${unsent}. Kept in ${settings.folder} and sent by the next chat.`);
  return 1;
}

/** A person types; answers appear as they are written. */
async function converse(rapport: Rapport, transcript: Transcript, lines: Interface): Promise<number> {
  lines.setPrompt('you> ');
  const end = rapport.subscribe((state) => {
    process.stdout.write('\r\x1b[K'); // Takes the prompt away for what is written above it.
    transcript.show(state);
    if (state.answer === undefined) lines.prompt(true);
  });
  lines.on('SIGINT', () => (rapport.state().answer ? rapport.stop() : lines.close()));
  for await (const line of lines) {
    if (line.trim() === '/quit') break;
    if (line.trim() === '/stop') rapport.stop();
    else if (line.trim() !== '') await say(rapport, transcript, line);
    lines.prompt();
  }
  end();
  lines.close();
  return 0;
}

/**
 * A script talks: each line waits for the answer to the one before, but not for people: they may be asleep.
 */
async function follow(rapport: Rapport, transcript: Transcript, lines: Interface): Promise<number> {
  const end = rapport.subscribe((state) => transcript.show(state));
  let answered = true;
  let reachable = true;
  for await (const line of lines) {
    if (line.trim() === '') continue;
    // A dead gateway is waited for once.
    reachable = await until(rapport, isOpen, reachable ? reachableWithinMs : 0);
    console.log(`you> ${line}`);
    const id = await say(rapport, transcript, line);
    if (id !== undefined && isOpen(rapport.state())) {
      answered = await until(rapport, (state) => isAnswered(state, id), answerWithinMs);
      if (!answered) console.log(`(no answer within ${answerWithinMs / 1_000} s)`);
    }
  }
  end();
  return answered ? 0 : 1;
}

/** The id of what was kept; undefined when the message can not be taken. */
async function say(rapport: Rapport, transcript: Transcript, line: string): Promise<string | undefined> {
  const choices = rapport.state().messages.at(-1)?.choices ?? [];
  const choice = choices[Number(line.trim()) - 1];
  const kept = await rapport.say(choice?.text ?? line, choice?.id);
  if (!kept.ok) {
    console.log(`(${kept.reason})`);
    return undefined;
  }
  transcript.typed(kept.id);
  return kept.id;
}

function isOpen({ connection }: RapportState): boolean {
  return connection.at === 'open';
}

function isAnswered({ messages, pending, answer, coach }: RapportState, id: string): boolean {
  if (pending.some((one) => one.id === id && one.state === 'failed')) return true;
  const own = messages.findIndex((message) => message.id === id);
  if (coach.people) return own !== -1;
  return own !== -1 && answer === undefined && messages.slice(own + 1).some(({ role }) => role !== 'USER');
}

/** Resolves with true once the state is `reached`, with false after `withinMs`. */
function until(
  rapport: Rapport,
  reached: (state: RapportState) => boolean,
  withinMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    let end = () => {};
    const finish = (value: boolean) => {
      clearTimeout(timer);
      end();
      resolve(value);
    };
    const timer = setTimeout(() => finish(false), withinMs);
    end = rapport.subscribe((state) => {
      if (reached(state)) queueMicrotask(() => finish(true));
    });
  });
}
