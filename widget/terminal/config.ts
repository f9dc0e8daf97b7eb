import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { idPattern } from '@rapport/proto/identity.ts';

/** The arguments of `npm run chat`, read. */
export interface ChatSettings {
  readonly url: string;
  readonly creatorId: string;
  /** Where the visitor's token and unsent messages are kept. */
  readonly folder: string;
}

export const chatHelp = `npm run chat -- [--creator demo] [--url http://127.0.0.1:8080] [--user me]

A conversation with a coach in the terminal. With a pipe as input each line is one message; the
next one waits for the answer, and the program ends with the input.

  --creator  Whose coach. Default: demo
  --url      The gateway. Default: http://127.0.0.1:8080
  --user     A name for the folder that keeps the conversation, DATA_DIR/chat/<creator>/<user>;
             another name is another visitor. Default: me
  --help     This text.

While it runs: a number picks an offered choice, /stop stops an answer, /quit or Ctrl-D ends.

Settings (environment variables, shown with their defaults):
  DATA_DIR=.data
      The folder that holds everything which is kept on this machine.
`;

/** Reads arguments and environment; a sentence says what is wrong with them. */
export function readChatSettings(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
):
  | { readonly ok: true; readonly settings: ChatSettings | 'help' }
  | { readonly ok: false; readonly reason: string } {
  const text = { type: 'string' } as const;
  try {
    const options = { creator: text, url: text, user: text, help: { type: 'boolean' } } as const;
    const {
      creator = 'demo',
      url = 'http://127.0.0.1:8080',
      user = 'me',
      help,
    } = parseArgs({ args: [...args], options }).values;
    if (help) return { ok: true, settings: 'help' };
    if (!idPattern.test(creator)) return refuse('--creator', creator, `text that matches ${idPattern}`);
    if (!idPattern.test(user)) return refuse('--user', user, `text that matches ${idPattern}`);
    if (!/^https?:\/\/[^/]/.test(url)) return refuse('--url', url, 'an address like http://127.0.0.1:8080');
    const folder = join(resolve(env.DATA_DIR || '.data'), 'chat', creator, user);
    return { ok: true, settings: { url, creatorId: creator, folder } };
  } catch (failure) {
    return { ok: false, reason: failure instanceof Error ? failure.message : String(failure) };
  }
}

function refuse(option: string, given: string, want: string) {
  return { ok: false, reason: `Cannot use ${option} ${given}: it should be ${want}` } as const;
}
