import { readFile } from 'node:fs/promises';
import type { Creator } from '@rapport/catalog/creator.ts';
import { idPattern } from '@rapport/proto/identity.ts';
import { flag, readArguments } from '@rapport/runtime/arguments.ts';
import { helpText } from '@rapport/runtime/options.ts';
import { options } from './config.ts';
import { type PartChanges, partChanges } from './part-settings.ts';

const use = 'npm run knowledge -- --creator ID --from FOLDER [settings of the creator] [--delete-missing]';
const does = `Imports every .md, .markdown and .txt file of a folder as knowledge of a creator.
Running it again writes only what changed. Dot-folders and node_modules are passed over. A file that
cannot be used is left out by name, and makes the status 1; the others are imported.
  --creator ID        whose knowledge it is
  --from FOLDER       the folder, with all that is in it;
                      files may begin with front matter (title, topic, url)
  --delete-missing    deletes what an earlier import brought and the folder no longer has

Settings of the creator; what is not given stays as it is:
  --name NAME         what people see above the conversation; creates the creator when there is none
  --origin URL        a site that may embed the widget, as https://www.example.com, or '*' for any;
                      once for each site, in the place of those before; needed to create
  --greeting TEXT     what the coach says first; a new creator has one made of the topics, and
                      headings of the pages that ask something as first questions
  --personality TEXT  who the coach is and how it speaks; or the name of a file with it
  --answering WHO     coach: the model answers; people: messages are kept for people to answer
  --follow-up TEXT    what the coach says once to a person who was quiet after an answer;
                      'off' for nothing more
  --follow-up-after SECONDS
                      and how long that is: 1 to 2592000, which is thirty days
  --part NAME=JSON    settings of another part of the conversation, or NAME=off for no more of it;
                      once for each part. 'welcome-back={"afterDays":30,"text":"Good to see you again."}'
                      greets a person who writes again after thirty days`;

/** The arguments. `settings` has only the given ones; a followUp of undefined takes the follow-up away. */
export interface Import {
  readonly creatorId: string;
  readonly from: string;
  readonly deleteMissing: boolean;
  readonly settings: Readonly<Partial<Creator>>;
  readonly parts: PartChanges;
}

const text = { type: 'string' } as const;

/** Throws with one sentence when the arguments make no import; --help prints all of them. */
export async function readImport(args: readonly string[]): Promise<Import> {
  const { values } = readArguments({
    args,
    help: helpText({ use, does, options }),
    options: {
      creator: text,
      from: text,
      name: text,
      origin: { type: 'string', multiple: true },
      greeting: text,
      personality: text,
      answering: text,
      'follow-up': text,
      'follow-up-after': text,
      part: { type: 'string', multiple: true, default: [] },
      'delete-missing': flag,
    },
  });
  const { creator, from, name, origin, greeting, personality, answering } = values;
  if (creator === undefined || !idPattern.test(creator)) {
    throw new Error(`Cannot import for --creator ${creator ?? '(not given)'}: it should match ${idPattern}`);
  }
  if (from === undefined) throw new Error('Cannot import: --from should name a folder');
  const settings: Partial<Creator> = {
    ...(name !== undefined && { name }),
    ...(origin !== undefined && { allowedOrigins: origin.map(originOf) }),
    ...(greeting !== undefined && { greeting }),
    ...(personality !== undefined && { personality: await personalityOf(personality) }),
    ...(answering !== undefined && { answering: answeringOf(answering) }),
    ...followUpOf(values['follow-up'], values['follow-up-after']),
  };
  const parts = partChanges(values.part);
  return { creatorId: creator, from, deleteMissing: values['delete-missing'], settings, parts };
}

/** Browsers send an origin, which is never equal to an address with a path or a pattern with stars. */
function originOf(given: string): string {
  if (given === '*') return given;
  const origin = URL.canParse(given) ? new URL(given).origin : 'null';
  const isSite = /^https?:\/\/[^*]+$/.test(origin);
  if (isSite && given.toLowerCase().replace(/\/$/, '') === origin) return origin;
  throw new Error(
    `Cannot use --origin ${given}: it should be '*' or one whole site, such as https://www.example.com`,
  );
}

/** The content of the file of this name, else the text itself. A text like `coach.md` has to be a file. */
async function personalityOf(given: string): Promise<string> {
  try {
    return (await readFile(given, 'utf8')).trim();
  } catch (failure) {
    if (/^\S+\.(md|txt)$/.test(given)) throw new Error('Cannot read --personality', { cause: failure });
    return given;
  }
}

function answeringOf(given: string): Creator['answering'] {
  if (given === 'coach' || given === 'people') return given;
  throw new Error(`Cannot use --answering ${given}: it should be coach or people`);
}

function followUpOf(text: string | undefined, after: string | undefined): Pick<Partial<Creator>, 'followUp'> {
  if (text === undefined && after === undefined) return {};
  if (text === 'off' && after === undefined) return { followUp: undefined };
  if (text === undefined || after === undefined || text === 'off') {
    throw new Error(
      "Cannot set the follow-up: --follow-up TEXT and --follow-up-after SECONDS belong together, 'off' alone",
    );
  }
  return { followUp: { afterSeconds: Number(after), text } }; // The schema has the limits.
}
