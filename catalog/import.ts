import { isDeepStrictEqual } from 'node:util';
import { reasonOf } from '@rapport/runtime/fault.ts';
import { createLog, type Log } from '@rapport/runtime/log.ts';
import { helpText } from '@rapport/runtime/options.ts';
import { connectNats } from '@rapport/stream/connect.ts';
import type { Catalog } from './catalog.ts';
import { openNatsCatalog } from './catalog-nats.ts';
import { checkedCreator } from './checked.ts';
import { options, readConfig } from './config.ts';
import { does, type Import, readArguments, use } from './import-arguments.ts';
import { readKnowledge } from './knowledge-folder.ts';
import { readNatsUrl } from './nats-url-file.ts';
import { synchroniseDocuments } from './synchronise.ts';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (failure) {
  process.stderr.write(`${reasonOf(failure)}\n`);
  process.exitCode = 1;
}

async function main(args: readonly string[]): Promise<number> {
  const wanted = await readArguments(args);
  if (wanted === 'help') {
    process.stdout.write(helpText({ use, does, options }));
    return 0;
  }
  const { creatorId } = wanted;
  const documents = await readKnowledge(wanted.from, { creatorId, origin: 'import' });
  if (documents.length === 0) throw new Error(`Cannot import ${wanted.from}: it holds no .md or .txt file`);
  const config = readConfig(process.env);
  const log = createLog({ name: 'knowledge', level: config.LOG_LEVEL });
  const nc = await connectTo(config, log);
  try {
    const catalog = await openNatsCatalog(nc, log, config.STREAM_REPLICAS);
    const did = await putCreator(catalog, wanted);
    const from = { creatorId, origin: 'import', deleteMissing: wanted.deleteMissing };
    const { written, unchanged, deleted } = await synchroniseDocuments(catalog, documents, from);
    process.stdout.write(
      `${creatorId}: ${did}${written} written, ${unchanged} unchanged, ${deleted} deleted\n`,
    );
    await catalog.close();
    return 0;
  } finally {
    await nc.close();
  }
}

/** Without an address the Rapport that runs on the data folder is meant. */
async function connectTo({ NATS_URL, DATA_DIR }: ReturnType<typeof readConfig>, log: Log) {
  if (NATS_URL !== '') return await connectNats({ url: NATS_URL, name: 'knowledge', log });
  const sentence = `Rapport is not running on ${DATA_DIR}; start it with npm start, or set NATS_URL`;
  const url = readNatsUrl(DATA_DIR);
  if (url === undefined) throw new Error(sentence);
  try {
    return await connectNats({ url, name: 'knowledge', log });
  } catch (failure) {
    throw new Error(sentence, { cause: failure }); // One that was killed left its address behind.
  }
}

/** Makes the creator, or changes the settings that were given; returns what it did, to be told. */
async function putCreator(catalog: Catalog, { creatorId, settings }: Import): Promise<string> {
  const existing = catalog.creator(creatorId)?.creator;
  if (existing === undefined) checkComplete({ creatorId, settings });
  const creator = checkedCreator({ ...existing, ...settings, creatorId });
  if (isDeepStrictEqual(creator, existing)) return '';
  await catalog.putCreator(creator);
  return existing === undefined ? 'created, ' : 'settings changed, ';
}

/** A creator whom no site may embed would be refused at the first visitor, far from here. */
function checkComplete({ creatorId, settings }: Pick<Import, 'creatorId' | 'settings'>): void {
  if (settings.name === undefined) {
    throw new Error(`Cannot import for ${creatorId}: there is no such creator; --name NAME creates it`);
  }
  if (settings.allowedOrigins === undefined) {
    throw new Error(
      `Cannot create ${creatorId}: no site could embed its widget; ` +
        "add --origin https://www.example.com for each site, or --origin '*' for any",
    );
  }
}
