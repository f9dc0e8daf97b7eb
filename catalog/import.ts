import { parseArgs } from 'node:util';
import { idPattern } from '@rapport/proto/identity.ts';
import { reasonOf } from '@rapport/runtime/fault.ts';
import { createLog } from '@rapport/runtime/log.ts';
import { helpText } from '@rapport/runtime/options.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import type { Catalog } from './catalog.ts';
import { openNatsCatalog } from './catalog-nats.ts';
import { checkedCreator } from './checked.ts';
import { options, readConfig } from './config.ts';
import { readKnowledge } from './knowledge-folder.ts';
import { synchroniseDocuments } from './synchronise.ts';

const use = 'npm run knowledge -- --creator ID --from FOLDER [--name NAME] [--delete-missing]';
const does = `Imports every .md and .txt file of a folder as knowledge of a creator.
Running it again writes only what changed.
  --creator ID       whose knowledge it is
  --from FOLDER      the folder, with all that is in it; files may begin with front matter (title, topic, url)
  --name NAME        creates the creator with this name when there is none
  --delete-missing   deletes what an earlier import brought and the folder no longer has`;

interface Import {
  readonly creatorId: string;
  readonly from: string;
  readonly name: string | undefined;
  readonly deleteMissing: boolean;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (failure) {
  process.stderr.write(`${reasonOf(failure)}\n`);
  process.exitCode = 1;
}

async function main(args: readonly string[]): Promise<number> {
  const wanted = readArguments(args);
  if (wanted === 'help') {
    process.stdout.write(helpText({ use, does, options }));
    return 0;
  }
  const { creatorId } = wanted;
  const documents = await readKnowledge(wanted.from, { creatorId, origin: 'import' });
  if (documents.length === 0) throw new Error(`Cannot import ${wanted.from}: it holds no .md or .txt file`);
  const config = readConfig(process.env);
  const log = createLog({ name: 'knowledge', level: config.LOG_LEVEL });
  const nc = await connectNats({ url: config.NATS_URL, name: 'knowledge', log });
  try {
    const catalog = await openNatsCatalog(nc, log);
    await ensureCreator(catalog, wanted);
    const from = { creatorId, origin: 'import', deleteMissing: wanted.deleteMissing };
    const { written, unchanged, deleted } = await synchroniseDocuments(catalog, documents, from);
    process.stdout.write(`${creatorId}: ${written} written, ${unchanged} unchanged, ${deleted} deleted\n`);
    await catalog.close();
    return 0;
  } finally {
    await nc.close();
  }
}

function readArguments(args: readonly string[]): Import | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      creator: { type: 'string' },
      from: { type: 'string' },
      name: { type: 'string' },
      'delete-missing': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { creator, from, name } = values;
  if (creator === undefined || !idPattern.test(creator)) {
    throw new Error(`Cannot import for --creator ${creator ?? '(not given)'}: it should match ${idPattern}`);
  }
  if (from === undefined) throw new Error('Cannot import: --from should name a folder');
  return { creatorId: creator, from, name, deleteMissing: values['delete-missing'] };
}

async function ensureCreator(catalog: Catalog, { creatorId, name }: Import): Promise<void> {
  if (catalog.creator(creatorId) !== undefined) return;
  if (name === undefined) {
    throw new Error(`Cannot import for ${creatorId}: there is no such creator; --name NAME creates it`);
  }
  await catalog.putCreator(checkedCreator({ creatorId, name }));
}
