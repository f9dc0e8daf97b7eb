import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createRapport } from '../sdk/client.ts';
import type { Rapport } from '../sdk/rapport.ts';
import { type ChatSettings, chatHelp, readChatSettings } from './config.ts';
import { converse } from './converse.ts';
import { follow } from './follow.ts';
import { fileStorage } from './storage-file.ts';
import { Transcript } from './transcript.ts';

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
  const refusal = await makeFolder(settings.folder);
  if (refusal !== undefined) {
    console.error(refusal);
    return 1;
  }
  const rapport = createRapport({ ...settings, storage: fileStorage(settings.folder), tail: 20 });
  const isAnswered = await talk(rapport, settings.url);
  const unsent = rapport.state().pending.filter(({ state }) => state === 'waiting').length;
  await rapport.close();
  if (unsent === 0) return isAnswered ? 0 : 1;
  console.log(`Not sent yet: ${unsent}. Kept in ${settings.folder} and sent by the next chat.`);
  return 1;
}

/** False when a script's last line has no answer. */
async function talk(rapport: Rapport, url: string): Promise<boolean> {
  const { stdin, stdout } = process;
  if (stdin.isTTY && stdout.isTTY) {
    await converse({ rapport, url, input: stdin, output: stdout });
    return true;
  }
  const transcript = new Transcript({ write: (text) => stdout.write(text), base: url });
  return follow(rapport, transcript, createInterface({ input: stdin, terminal: false }));
}

/** The chat does not begin without its folder: unsent messages would be lost. */
async function makeFolder(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return undefined;
  } catch (failure) {
    const code = failure instanceof Error && 'code' in failure ? failure.code : failure;
    return `Cannot keep the conversation in ${folder} (${code}): set DATA_DIR to a folder of your own`;
  }
}
